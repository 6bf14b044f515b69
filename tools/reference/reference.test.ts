// The reference says what the sources say, and everything that the doors let out says what it is.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { Catalog } from "./catalog.ts";
import { parseDocstring, summaryOf } from "./docstring.ts";
import { referencePages } from "./pages.ts";

const root = path.resolve(import.meta.dirname, "../..");
const folder = path.join(root, "docs/reference");

test("docs/reference is what the sources say; else: npm run reference", () => {
  const written = readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), "utf8")] as const);
  expect(new Map(written)).toEqual(referencePages(root));
});

test("everything that a door lets out has a docstring", () => {
  const { pages } = new Catalog(root);
  const lacking = pages.flatMap(({ door, exports }) =>
    exports.filter(({ doc }) => doc === null).map(({ name, source }) => `${door.specifier}: ${name} (${source.file})`),
  );
  expect(lacking).toEqual([]);
});

test("a docstring is taken apart, also where a tag stands behind a sentence", () => {
  const found = parseDocstring(
    "* Sends it. @throws {TypeError | RangeError} when it is odd.\n * @param options.drainMs How long.\n * @returns `null`\n * for none. ",
  );
  expect(found).toEqual({
    text: "Sends it.",
    params: [["options.drainMs", "How long."]],
    returns: "`null`\nfor none.",
    throws: ["`TypeError` or `RangeError` when it is odd."],
    see: [],
  });
});

test("the summary is the first sentence, and no dot within a name ends it", () => {
  const summary = (text: string): string => summaryOf(parseDocstring(`* ${text} `));
  expect(summary("Publishes `a.b` on\n * every node. Resolves later.")).toBe("Publishes `a.b` on every node.");
  expect(summary("Where it stands")).toBe("Where it stands");
});

test("every door of a package has a page", () => {
  const { pages } = new Catalog(root);
  for (const name of ["protocol", "client", "react", "server", "tidewire"]) {
    const manifest: unknown = JSON.parse(readFileSync(path.join(root, "packages", name, "package.json"), "utf8"));
    const { name: specifier, exports } = manifest as { readonly name: string; readonly exports: object };
    const doors = Object.keys(exports).filter((door) => !door.endsWith(".json"));
    const expected = doors.map((door) => path.posix.join(specifier, door));
    expect(pages.map(({ door }) => door.specifier)).toEqual(expect.arrayContaining(expected));
  }
  for (const { door } of pages) expect(existsSync(path.join(folder, `${door.page}.md`)), door.specifier).toBe(true);
});
