// Every link inside the documents leads to a file, and to a heading where it names one.
import { globSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { documents, root, textOf } from "./blocks.ts";
import { anchorsOf, brokenLinks, linksOf } from "./links.ts";

function read(file: string): string | null {
  const found = statSync(path.join(root, file), { throwIfNoEntry: false });
  if (found === undefined) return null;
  return found.isFile() ? readFileSync(path.join(root, file), "utf8") : "";
}

test("links lead somewhere", () => {
  const examples = globSync(["examples/*/README.md", "examples/*/*/README.md"], { cwd: root });
  const all = [...documents(), ...examples.map((file) => file.replaceAll(path.sep, "/"))];
  const links = all.flatMap((document) => linksOf(document, textOf(document)));
  expect(links.length).toBeGreaterThan(500);
  expect(brokenLinks(links, read)).toEqual([]);
});

test("a link that leads nowhere is found out", () => {
  const texts = new Map([
    [
      "docs/a.md",
      "# A\n\n[b](b.md#the-second) [`B`](b.md#the-second-1) [c](c.md) [up](../README.md) [web](https://x.example/)",
    ],
    ["docs/b.md", "# B\n\n## The *second*\n\n```sh\n# no heading\n```\n\n[itself](#no-heading)"],
  ]);
  const links = [...texts].flatMap(([document, text]) => linksOf(document, text));
  expect(brokenLinks(links, (file) => texts.get(file) ?? null).map(({ file, heading }) => [file, heading])).toEqual([
    ["docs/b.md", "the-second-1"],
    ["docs/c.md", null],
    ["README.md", null],
    ["docs/b.md", "no-heading"],
  ]);
});

test("headings that are the same are numbered", () => {
  expect([...anchorsOf("# sqliteEngine\n## SqliteEngine\n## `a.b`: c\n")]).toEqual([
    "sqliteengine",
    "sqliteengine-1",
    "ab-c",
  ]);
});
