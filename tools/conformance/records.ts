// The records on disk, and the page of the documentation that is made of them.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "../run/workspace.mjs";
import type { Exception, Expectation } from "./outcome.ts";
import { suites } from "./suites.ts";

export const documentFile: string = path.join(root, "docs", "conformance.md");

const recordFile = (name: string): string => path.join(root, "test", "conformance", `${name}.json`);

/** `null` before the first run. */
export function readRecord(name: string): Expectation | null {
  const file = recordFile(name);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Expectation) : null;
}

export function writeRecord(name: string, record: Expectation): void {
  writeFileSync(recordFile(name), `${JSON.stringify(record, null, 2)}\n`);
  writeFileSync(documentFile, documentOf(readRecords()));
}

export const readRecords = (): readonly Expectation[] => suites.flatMap(({ name }) => readRecord(name) ?? []);

const countIn = (exceptions: readonly Exception[]): number =>
  exceptions.reduce((sum, { tests }) => sum + tests.length, 0);

/** The text of docs/conformance.md. */
export function documentOf(records: readonly Expectation[]): string {
  const rows = records.map(({ repository, version, commit, passed, failing, skipped, leftOut }) => {
    const total = passed + countIn(failing) + countIn(skipped) + countIn(leftOut);
    return `| ${repository} | ${version} | \`${commit.slice(0, 12)}\` | ${total} | ${passed} | ${countIn(failing)} | ${countIn(skipped)} | ${countIn(leftOut)} |`;
  });
  const parts = records.map(
    ({ repository, failing, skipped, leftOut }) =>
      `## ${repository}\n\n${listed("Fails", failing)}${listed("Skipped", skipped)}${listed("Not run", leftOut)}`,
  );
  return `${head}\n${rows.join("\n")}\n\n${parts.join("\n")}`;
}

const head = `# Conformance

Test suites that others wrote for their clients of the Centrifuge protocol and of its server API, run against Tidewire with their own test
runners, at the commits named here. Nothing in them is changed but the server's address. Each test that does not pass
is listed with the reason; \`npm run conformance\` fails when a run differs from this page, also where a listed test
passes. CONTRIBUTING.md says how to run it, \`tools/conformance/server.ts\` what each suite's server is configured with.

| suite | version | commit | tests | passed | failed | skipped by itself | not run |
|---|---|---|---|---|---|---|---|`;

function listed(what: string, exceptions: readonly Exception[]): string {
  return exceptions
    .map(({ reason, tests }) => `${what}: ${reason}\n\n${tests.map((name) => `- ${escaped(name)}`).join("\n")}\n\n`)
    .join("");
}

const escaped = (name: string): string => name.replaceAll(/[<>*_|]/g, String.raw`\$&`);
