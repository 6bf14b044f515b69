// The records on disk, and the page of the documentation that is made of them.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "../run/workspace.mjs";
import type { Exception, Expectation } from "./outcome.ts";
import { sdks } from "./sdks/sdks.ts";
import { steps } from "./sdks/steps.ts";
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
  writeFileSync(documentFile, documentOf());
}

/** Those of the suites, or of the packages. */
const readRecords = (of: readonly { readonly name: string }[]): readonly Expectation[] =>
  of.flatMap(({ name }) => readRecord(name) ?? []);

const countIn = (exceptions: readonly Exception[]): number =>
  exceptions.reduce((sum, { tests }) => sum + tests.length, 0);

const totalOf = ({ passed, failing, skipped, leftOut }: Expectation): number =>
  passed + [failing, skipped, leftOut].reduce((sum, exceptions) => sum + countIn(exceptions), 0);

/** The text of docs/conformance.md, of what is on record. */
export function documentOf(): string {
  const [ofSuites, ofPackages] = [readRecords(suites), readRecords(sdks)];
  const rows = ofSuites.map((record) => {
    const { repository, version, commit, passed, failing, skipped, leftOut } = record;
    const counts = [totalOf(record), passed, ...[failing, skipped, leftOut].map(countIn)];
    return `| ${[repository, version, `\`${(commit ?? "").slice(0, 12)}\``, ...counts].join(" | ")} |\n`;
  });
  const packages = ofPackages.map(
    (record) => `| ${record.repository} | ${record.version} | ${record.passed} of ${totalOf(record)} |\n`,
  );
  const parts = [...ofSuites, ...ofPackages].flatMap(part);
  return [head, ...rows, middle, ...packages, "\n", ...parts].join("").trimEnd().concat("\n");
}

/** Nothing for whom nothing is to be explained. */
function part(record: Expectation): readonly string[] {
  const { repository, failing, skipped, leftOut } = record;
  const text = `${scopeOf(record)}${listed("Fails", failing)}${listed("Skipped", skipped)}${listed("Not run", leftOut)}`;
  return text === "" ? [] : [`## ${repository}\n\n${text}`];
}

/** Where tests are not run: how the others fare. */
function scopeOf(record: Expectation): string {
  const [failed, skipped, leftOut] = [record.failing, record.skipped, record.leftOut].map(countIn);
  if (leftOut === 0) return "";
  const total = totalOf(record);
  return `In scope are ${total - (leftOut ?? 0)} of the ${total}: ${record.passed} pass, ${failed} fail, ${skipped} are skipped by the suite itself. The
other ${leftOut} are not run.\n\n`;
}

const head = `# Conformance

Test suites that others wrote for their clients of the Centrifuge protocol and of its server API, run against Tidewire with their own test
runners, at the commits named here. Nothing in them is changed but the server's address; centrifuge-java's, which is made for Gradle, is
built by Maven (\`tools/conformance/centrifuge-java.pom.xml\`). Each test that does not pass
is listed with the reason; \`npm run conformance\` fails when a run differs from this page, also where a listed test
passes. CONTRIBUTING.md says how to run it, \`tools/conformance/server.ts\` what each suite's server is configured with.

| suite | version | commit | tests | passed | failed | skipped by itself | not run |
|---|---|---|---|---|---|---|---|
`;

const middle = `
The official SDKs as their registries have them, led by a short program each through the same steps, in JSON and in Protobuf where
they have both. \`npm test\` does that too, and fails when it differs from this table. Each SDK

${steps.map(({ name }) => `- ${name}\n`).join("")}
| package | version | steps passed |
|---|---|---|
`;

function listed(what: string, exceptions: readonly Exception[]): string {
  return exceptions
    .map(({ reason, tests }) => `${what}: ${reason}\n\n${tests.map((name) => `- ${escaped(name)}`).join("\n")}\n\n`)
    .join("");
}

const escaped = (name: string): string => name.replaceAll(/[<>*_|]/g, String.raw`\$&`);
