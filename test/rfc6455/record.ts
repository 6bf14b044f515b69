// What is on record of the last whole run, and the page of the documentation that is made of it.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Case, Outcome, Verdict } from "./case.ts";
import { groupOf, groups, withCompression, withoutExtension } from "./catalog.ts";

export type Server = "plain" | "compressing";

/** What each server is asked. */
export const casesFor: Readonly<Record<Server, readonly Case[]>> = {
  plain: withoutExtension,
  compressing: [...withoutExtension, ...withCompression],
};

/** Verdicts by number, of those cases that are not "ok". */
export type Exceptions = Readonly<Record<string, Exclude<Verdict, "ok">>>;

export interface RunRecord {
  readonly node: string;
  readonly exceptions: Readonly<{ [Each in Server]: Exceptions }>;
}

const recordFile = path.join(import.meta.dirname, "record.json");
export const documentFile: string = path.join(import.meta.dirname, "../../docs/rfc6455.md");

export const readRecord = (): RunRecord => JSON.parse(readFileSync(recordFile, "utf8")) as RunRecord;

export function writeRecord(record: RunRecord): void {
  writeFileSync(recordFile, `${JSON.stringify(record, null, 2)}\n`);
  writeFileSync(documentFile, documentOf(record));
}

export function exceptionsIn(outcomes: ReadonlyMap<string, Outcome>): Exceptions {
  const exceptions: { [id: string]: Exclude<Verdict, "ok"> } = {};
  for (const [id, { verdict }] of outcomes) if (verdict !== "ok") exceptions[id] = verdict;
  return exceptions;
}

/** The text of docs/rfc6455.md. */
export function documentOf({ node, exceptions }: RunRecord): string {
  const rows = groups.map(([group, about]) => row(`${group}: ${about}`, (each) => groupOf(each) === group, exceptions));
  const total = row("all", () => true, exceptions);
  return `${head(node)}\n${[...rows, total].join("\n")}\n\n${explained(exceptions)}`;
}

function head(node: string): string {
  return `# RFC 6455 and RFC 7692

The cases of the Autobahn test suite, by its numbers, against the path \`/echo\`: 301 of the WebSocket protocol, and 517 with
\`permessage-deflate\` on. They are told anew in \`test/rfc6455/\`, over a bare TCP socket, and judged as Autobahn judges them:
the answers and their order, the close code, and who ended the connection. Where Autobahn waits a second, they wait for the
server. The data of groups 12 and 13 is made from a seed, of the same five kinds and about as large as Autobahn's files.

This table is of a whole run: \`npm run rfc6455 -- --write\`, on Node ${node}. \`npm test\` runs every case too, those of groups 12
and 13 with 5 messages instead of 1,000, and fails where a verdict differs from the one here.

| group | cases, off | OK | non-strict | informational | failed | cases, on | OK | non-strict | informational | failed |
|---|---|---|---|---|---|---|---|---|---|---|`;
}

function row(title: string, isIn: (each: Case) => boolean, exceptions: RunRecord["exceptions"]): string {
  const cells = (["plain", "compressing"] as const).flatMap((server) => {
    const verdicts = casesFor[server].filter(isIn).map(({ id }) => exceptions[server][id] ?? "ok");
    const count = (...wanted: readonly Verdict[]): number => verdicts.filter((each) => wanted.includes(each)).length;
    return [
      verdicts.length,
      count("ok"),
      count("non-strict"),
      count("informational"),
      count("failed", "unimplemented"),
    ];
  });
  return `| ${title} | ${cells.join(" | ")} |`;
}

/** Why a case is not "ok", by the beginning of its number. */
const reasons: readonly (readonly [prefix: string, why: string])[] = [
  [
    "6.4.",
    "text is checked when the message is whole, so a connection is failed for it then and not at the first wrong byte, which RFC 6455 §8.1 leaves open",
  ],
  [
    "7.1.6",
    "whether answers to earlier messages come before the answer to a close frame is the server's affair; here they do",
  ],
  ["7.13.", "RFC 6455 §7.4.2 does not say what a code above 4999 is; here it is a protocol error, 1002"],
];

export const reasonFor = (id: string): string | undefined => reasons.find(([prefix]) => id.startsWith(prefix))?.[1];

function explained(exceptions: RunRecord["exceptions"]): string {
  const all: Exceptions = { ...exceptions.plain, ...exceptions.compressing };
  const lines = Object.entries(all).map(
    ([id, verdict]) => `- ${id}, ${verdict}: ${reasonFor(id) ?? "no reason is known"}`,
  );
  return `Not OK, on both servers alike unless the table says otherwise:\n\n${lines.join("\n")}\n`;
}
