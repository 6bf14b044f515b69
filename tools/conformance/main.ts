// Runs the test suites of clients that others wrote, and fails where they differ from what is on record.
import { copyOf, redirect } from "./copy.ts";
import { countOf, differences, recordOf, type Result } from "./outcome.ts";
import { readRecord, writeRecord } from "./records.ts";
import { serveFor } from "./server.ts";
import { type Suite, suites } from "./suites.ts";

const usage = `npm run conformance -- [--write] [${suites.map(({ name }) => name).join("|")}]...`;
const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** True when nothing differs, or the suite is not here. */
async function judge(suite: Suite, isWriting: boolean): Promise<boolean> {
  const { name, repository, variable, runner } = suite;
  const checkout = process.env[variable] ?? "";
  if (checkout === "") {
    print(`${repository}: skipped; set ${variable} to the folder of a clone of it`);
    return true;
  }
  const copy = await copyOf(name, checkout, (folder) => runner.install(folder));
  const expected = readRecord(name);
  const leftOut = (expected?.leftOut ?? []).flatMap(({ tests }) => tests);
  const results = await run(suite, copy, leftOut);
  const source = { repository, version: copy.version, commit: copy.commit };
  print(`${repository} ${copy.version}, ${copy.commit.slice(0, 12)}: ${told(results)}`);
  if (isWriting) writeRecord(name, recordOf(source, results, expected));
  const found = expected === null ? ["nothing is on record; run it with --write"] : differences(expected, results);
  for (const difference of isWriting ? [] : found) print(`  ${difference}`);
  if (expected !== null && expected.commit !== copy.commit) print(`  on record is ${expected.commit.slice(0, 12)}`);
  return isWriting || found.length === 0;
}

async function run(
  { assumed, runner }: Suite,
  copy: Awaited<ReturnType<typeof copyOf>>,
  leftOut: readonly string[],
): Promise<readonly Result[]> {
  const server = await serveFor(assumed);
  try {
    redirect(copy, runner.files, server.port);
    return await runner.run(copy.folder, leftOut);
  } finally {
    await server.stop();
  }
}

function told(results: readonly Result[]): string {
  const [passed, failed, left] = (["passed", "failed", "left out"] as const).map((each) => countOf(results, each));
  return `${passed} passed, ${failed} failed, ${left} not run`;
}

async function main(args: readonly string[]): Promise<void> {
  const names = args.filter((arg) => arg !== "--write");
  const unknown = names.find((name) => suites.every((suite) => suite.name !== name));
  if (unknown !== undefined) throw new Error(`expected ${usage}, got ${JSON.stringify(unknown)}`);
  let isAsRecorded = true;
  for (const suite of suites) {
    if (names.length > 0 && !names.includes(suite.name)) continue;
    isAsRecorded = (await judge(suite, args.includes("--write"))) && isAsRecorded;
  }
  process.exitCode = isAsRecorded ? 0 : 1;
}

main(process.argv.slice(2)).catch((thrown: unknown) => {
  process.stderr.write(`conformance: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
});
