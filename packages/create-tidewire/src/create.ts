// A new project on the disk: a template's files, with the project's name.
import { cp, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { projectName } from "./project-name.ts";
import { Refusal } from "./refusal.ts";
import type { Template } from "./template.ts";

export interface NewProject {
  /** Absolute. */
  readonly folder: string;
  readonly template: Template;
  /** Where the templates are, each in a folder of its own. */
  readonly templates: string;
}

/**
 * Writes the project. Installs nothing, and asks no network.
 * @throws {Refusal} when the folder's name is none for npm, or something is in its place; then nothing was written.
 */
export async function createProject({ folder, template, templates }: NewProject): Promise<void> {
  const name = projectName(path.basename(folder));
  await expectEmpty(folder);
  await mkdir(folder, { recursive: true });
  await cp(path.join(templates, template), folder, { recursive: true, filter: isPartOf });
  // npm leaves a .gitignore out of a package, or takes it for its own.
  await rename(path.join(folder, "_gitignore"), path.join(folder, ".gitignore"));
  const manifest = path.join(folder, "package.json");
  const { name: _, ...rest } = JSON.parse(await readFile(manifest, "utf8")) as Record<string, unknown>;
  await writeFile(manifest, `${JSON.stringify({ name, ...rest }, null, 2)}\n`);
}

/** In a checkout a template may have been tried out where it lies. */
const isPartOf = (file: string): boolean => !["node_modules", "dist"].includes(path.basename(file));

async function expectEmpty(folder: string): Promise<void> {
  let entries: readonly string[];
  try {
    entries = await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return;
    if (code === "ENOTDIR") throw new Refusal(`expected a new or empty folder; got a file in the way of ${folder}`);
    throw error;
  }
  if (entries.length === 0) return;
  const first = entries.slice(0, 3).join(", ");
  throw new Refusal(
    `expected a new or empty folder; got ${folder} with ${first}${entries.length > 3 ? " and more" : ""} in it`,
  );
}
