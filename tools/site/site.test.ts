// What the site is made of: every document has its place and is listed, and links hold there as they do in the repository.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checkBuiltLinks } from "./built-links.ts";
import { frontOf } from "./front.ts";
import { gather } from "./gather.ts";
import { documentOf, fileOf, sourcePage, withLinks, withTitledBlocks } from "./markdown.ts";
import { linkBetween, placeOf } from "./places.ts";
import { unlistedIn } from "./sidebar.ts";

const root = path.resolve(import.meta.dirname, "../..");

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), "tidewire-site-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

test("every document of the repository is a page, and listed in site/sidebar.json", () => {
  const pages = gather(root);
  expect([...pages.keys()]).toEqual(
    expect.arrayContaining(["start", "guide/01-echo", "protocol", "decisions", "reference/client"]),
  );
  expect(unlistedIn(path.join(root, "site/sidebar.json"), pages)).toEqual([]);
});

test("a document that is not listed is named", () => {
  const folder = folderOf({ "sidebar.json": '[{ "slug": "a" }, { "autogenerate": { "directory": "x" } }]' });
  const page = documentOf("b.md", "# B\n");
  const pages = new Map(["a", "b", "x/c"].map((place) => [place, page]));
  expect(unlistedIn(path.join(folder, "sidebar.json"), pages)).toEqual(["b"]);
});

test.each([
  ["README.md", "start"],
  ["PROTOCOL.md", "protocol"],
  ["docs/guide/README.md", "guide"],
  ["docs/guide/01-echo.md", "guide/01-echo"],
  ["examples/clients/README.md", "examples/clients"],
  ["bench/results/a.json", "source/bench/results/a-json"],
  [".env.example", "source/env-example"],
])("%s is at %s", (file, place) => expect(placeOf(file)).toBe(place));

test("links lead from page to page, wherever the site lies", () => {
  expect(linkBetween("docs/guide/01-echo.md", "docs/errors.md")).toBe("../../errors/");
  expect(linkBetween("README.md", "docs/guide/README.md")).toBe("../guide/");
  expect(linkBetween("docs/errors.md", "docs/errors.md")).toBe("./");
});

test("pages are gathered with what they link to, and a link to nothing is refused", () => {
  const folder = folderOf({
    "README.md": "# A\n\n[b](docs/b.md#c) [code](code) `[no](link)`",
    "docs/b.md": "# B\n\n- ```sh\n  # [no](link)\n  ```\n\n## C\n\n[up](../README.md) [here](#c)",
    "code/x.ts": "export {};",
    "code/node_modules/y.ts": "",
  });
  const pages = gather(folder);
  expect([...pages].map(([place, { text }]) => [place, text])).toEqual([
    ["start", "[b](../b/#c) [code](../source/code/) `[no](link)`"],
    ["b", "- ```sh\n  # [no](link)\n  ```\n\n## C\n\n[up](../start/) [here](#c)"],
    ["source/code", "- [`x.ts`](x-ts/)\n"],
    ["source/code/x-ts", "```ts\nexport {};\n```\n"],
  ]);
  writeFileSync(path.join(folder, "docs/b.md"), "# B\n\n[c](c.md)");
  expect(() => gather(folder)).toThrow("docs/b.md: expected a file at c.md, found none");
});

test("a page has its heading for a title, and blocks the names of their files", () => {
  const page = documentOf("x.md", "<!-- made -->\n\n# The `x`\n\nWhat [it](y.md) is.\n\nMore.");
  expect(fileOf(page, "x")).toBe(
    '---\ntitle: "The x"\nslug: "x"\ndescription: "What it is."\n---\n\nWhat [it](y.md) is.\n\nMore.',
  );
  expect(withTitledBlocks("```ts a/b.ts\n```\n```sh run\n```\n```ts\n```")).toBe(
    '```ts title="a/b.ts"\n```\n```sh\n```\n```ts\n```',
  );
  expect(sourcePage("a.md.txt", "```\n")).toMatchObject({ text: "````txt\n```\n````\n", isDocument: false });
});

test("the front page shows what the results say, and the README's code", () => {
  const { figures, examples } = frontOf(root);
  expect(figures.map(({ value }) => value)).toEqual(["0", "100 %", "0.090 ×", "5.9 KB"]);
  const pages = gather(root);
  for (const { from } of figures) expect(pages.has(from), from).toBe(true);
  expect(examples.flat().map(({ file }) => file)).toEqual(["channels.ts", "room.tsx", "server.ts"]);
});

test("links within code stay as they are", () => {
  const text = "`[a](b)` [`c`](d) [e](https://f.example/) [g](#h)";
  expect(withLinks(text, (target) => `${target}!`)).toBe("`[a](b)` [`c`](d!) [e](https://f.example/) [g](#h)");
});

test("a built page with a link to nothing is found out", () => {
  const folder = folderOf({
    "index.html":
      '<a href="/base/a/#there">a</a> <a href="a/">a</a> <a href="https://x.example/">x</a> <a href="#no">no</a>',
    "a/index.html": '<h2 id="there">a</h2> <a href="../b/">b</a> <a href="/a/">a</a> <img src="../c.svg">',
    "c.svg": "",
  });
  expect(checkBuiltLinks({ folder, base: "/base/" })).toEqual({
    count: 6,
    problems: ["/a/: ../b/ leads nowhere", "/a/: /a/ leads nowhere", "/: #no names no element there"],
  });
});
