// `npm create tidewire` from its tarball, and what it makes, with everything installed.
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { type PackedPackages, type Printed, Project } from "./packed-packages.ts";

/** The program, run in a folder that is empty at first and gone when the test has ended. */
export class Creator {
  readonly #program: string;
  readonly #work: Project;

  private constructor(folder: string) {
    this.#program = path.join(folder, "program");
    this.#work = new Project(path.join(folder, "work"));
  }

  static async unpack(packed: PackedPackages): Promise<Creator> {
    const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "tidewire-create-")));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const creator = new Creator(folder);
    mkdirSync(creator.#work.folder);
    await packed.unpack("create-tidewire", creator.#program);
    return creator;
  }

  run(...args: readonly string[]): Promise<Printed> {
    return this.#work.node(path.join(this.#program, "dist/main.js"), ...args);
  }

  at(name: string): string {
    return this.#work.at(name);
  }
}

/** A new project, and what its `npm install` would bring. */
export async function createdProject(packed: PackedPackages, template: string): Promise<Project> {
  const creator = await Creator.unpack(packed);
  const { code, output } = await creator.run("my-app", "--template", template);
  if (code !== 0) throw new Error(output);
  return await packed.project(creator.at("my-app"));
}
