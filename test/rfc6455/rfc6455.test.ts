// Every case of docs/rfc6455.md on both servers; groups 12 and 13 with fewer messages than `npm run rfc6455` sends.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { groupOf, groups } from "./catalog.ts";
import { casesFor, documentFile, documentOf, readRecord, reasonFor, type Server } from "./record.ts";
import { runCase } from "./run-case.ts";
import { type Echo, serveEcho } from "./serve.ts";

/** Two would show what is kept between messages; so many move through the data as well. */
const compressedRounds = 5;
const record = readRecord();
const servers: readonly (readonly [server: Server, cases: number])[] = [
  ["plain", 301],
  ["compressing", 517],
];

describe.each(servers)("%s", (server, count) => {
  let echo: Echo | null = null;
  beforeAll(async () => {
    echo = await serveEcho({ compression: server === "compressing" });
  });
  afterAll(() => echo?.stop());

  test(`there are ${count} cases, each number once and in one of the groups`, () => {
    const ids = casesFor[server].map(({ id }) => id);
    expect(new Set(ids).size).toBe(count);
    expect(ids).toHaveLength(count);
    const numbers = new Set(groups.map(([number]) => number));
    expect(casesFor[server].filter((each) => !numbers.has(groupOf(each)))).toEqual([]);
  });

  test.each(casesFor[server].map((each) => [each.id, each.about, each] as const))("%s %s", async (id, _, each) => {
    if (echo === null) throw new Error("the server runs during tests alone");
    const isCompressed = each.body.kind === "rounds" && each.body.offer !== "";
    const { verdict, why } = await runCase(each, echo, isCompressed ? compressedRounds : Number.POSITIVE_INFINITY);
    expect(verdict, why).toBe(record.exceptions[server][id] ?? "ok");
  });
});

test("what is not OK on record is known and has a reason", () => {
  for (const [server] of servers) {
    const ids = new Set(casesFor[server].map(({ id }) => id));
    for (const [id, verdict] of Object.entries(record.exceptions[server])) {
      expect(ids).toContain(id);
      expect(["non-strict", "informational"]).toContain(verdict);
      expect(reasonFor(id)).toBeDefined();
    }
  }
});

test("docs/rfc6455.md is what the record says", () => {
  expect(readFileSync(documentFile, "utf8")).toBe(documentOf(record));
});
