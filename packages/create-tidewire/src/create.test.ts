// Projects on the disk: what is written, and what is left alone.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createProject } from "./create.ts";
import { Refusal } from "./refusal.ts";
import { type Template, templates } from "./template.ts";

const ours = path.resolve(import.meta.dirname, "../templates");
const names = Object.keys(templates) as Template[];

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "create-tidewire-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test("every template has a folder, and every folder is a template", async () => {
  expect((await readdir(ours)).sort()).toEqual([...names].sort());
});

test.each(names)("%s: its files, with the project's name and a .gitignore", async (template) => {
  const folder = path.join(await emptyFolder(), "deep/my-app");
  await createProject({ folder, template, templates: ours });
  const left = new Set(["node_modules", "dist"]);
  const expected = (await readdir(path.join(ours, template)))
    .filter((name) => !left.has(name))
    .map((name) => (name === "_gitignore" ? ".gitignore" : name));
  expect((await readdir(folder)).sort()).toEqual(expected.sort());
  const manifest = await readFile(path.join(folder, "package.json"), "utf8");
  expect(Object.keys(JSON.parse(manifest) as object)[0]).toBe("name");
  expect(JSON.parse(manifest)).toEqual({
    ...(JSON.parse(await readFile(path.join(ours, template, "package.json"), "utf8")) as object),
    name: "my-app",
  });
});

test("an empty folder that is there already is used", async () => {
  const folder = path.join(await emptyFolder(), "my-app");
  await mkdir(folder);
  await createProject({ folder, template: "node", templates: ours });
  expect(await readdir(folder)).toContain("server.ts");
});

test("a folder with something in it is left as it is", async () => {
  const folder = path.join(await emptyFolder(), "my-app");
  await mkdir(folder);
  await writeFile(path.join(folder, "server.ts"), "mine");
  const created = createProject({ folder, template: "node", templates: ours });
  await expect(created).rejects.toThrow(
    new Refusal(`expected a new or empty folder; got ${folder} with server.ts in it`),
  );
  expect(await readdir(folder)).toEqual(["server.ts"]);
  expect(await readFile(path.join(folder, "server.ts"), "utf8")).toBe("mine");
});

test("a file in its place is left as it is", async () => {
  const folder = path.join(await emptyFolder(), "my-app");
  await writeFile(folder, "mine");
  const created = createProject({ folder, template: "node", templates: ours });
  await expect(created).rejects.toThrow(
    new Refusal(`expected a new or empty folder; got a file in the way of ${folder}`),
  );
  expect(await readFile(folder, "utf8")).toBe("mine");
});

test("a name that npm refuses makes no folder", async () => {
  const folder = await emptyFolder();
  const created = createProject({ folder: path.join(folder, "My App"), template: "node", templates: ours });
  await expect(created).rejects.toThrow('got "My App"');
  expect(await readdir(folder)).toEqual([]);
});
