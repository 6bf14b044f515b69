// What is promised of the examples of use: each is short, and needs no more than anybody has.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const home = path.resolve(import.meta.dirname, "../examples/use-cases");
const names = ["scoreboard", "news", "cursors", "notes", "support", "webinar"];

const filesOf = (name: string): readonly string[] =>
  readdirSync(path.join(home, name)).map((file) => readFileSync(path.join(home, name, file), "utf8"));

test.each(names)("%s has at most 150 lines, without comments and empty ones", (name) => {
  const lines = filesOf(name).flatMap((text) => text.split("\n"));
  const own = lines.filter((line) => !/^\s*($|\/\/|\/\*|\*|\{\/\*)/.test(line));
  expect(own.length).toBeGreaterThan(50);
  expect(own.length).toBeLessThanOrEqual(150);
});

test.each(names)("%s imports what is published, and what lies beside it", (name) => {
  const imported = filesOf(name).flatMap((text) => [...text.matchAll(/ from "([^"]+)"/g)].map(([, from = ""]) => from));
  const foreign = imported.filter(
    (from) =>
      !/^(\.\/|\.\.\/(place\.ts|parts\/)|node:|react|yjs$|zod$|@tidewire\/(client|protocol|react|server)(\/[a-z]+)?$)/.test(
        from,
      ),
  );
  expect(foreign).toEqual([]);
});
