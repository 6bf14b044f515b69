// Runs the test suites of clients that others wrote, and fails where they differ from what is on record.
import { isRequired } from "../building.ts";
import { type Copy, copyOf, redirect } from "./copy.ts";
import {
  bestOf,
  countOf,
  differences,
  type Expectation,
  passedOnlyIn,
  recordOf,
  type Result,
  type Source,
} from "./outcome.ts";
import { readRecord, writeRecord } from "./records.ts";
import { prepare, type Sdk, sdks } from "./sdks/sdks.ts";
import { runSdk, sourceOf } from "./sdks/run.ts";
import { type EngineKind, type Running, serveFor } from "./server.ts";
import { type Suite, suites } from "./suites.ts";

const sdkPart = "sdks";
const known: readonly string[] = [...suites.map(({ name }) => name), sdkPart];
const usage = `npm run conformance -- [--write] [--sqlite] [${known.join("|")}]...`;
const print = (text: string): void => void process.stdout.write(`${text}\n`);

interface Order {
  /** The run becomes the record. */
  readonly isWriting: boolean;
  readonly engine: EngineKind;
}

/** True when nothing differs, or the suite is not here. */
async function judge(suite: Suite, { isWriting, engine }: Order): Promise<boolean> {
  const { name, repository, variable, runner } = suite;
  const checkout = process.env[variable] ?? "";
  if (checkout === "") {
    print(`${repository}: skipped; set ${variable} to the folder of a clone of it`);
    return true;
  }
  const copy = await copyOf(name, checkout, (folder) => runner.install(folder));
  const expected = readRecord(name);
  const leftOut = (expected?.leftOut ?? []).flatMap(({ tests }) => tests);
  const server = await serveFor(suite.assumed, engine);
  const results = await run(suite, copy, { server, leftOut, isDone: (sofar) => differs(expected, sofar).length === 0 });
  return conclude(name, { repository, version: copy.version, commit: copy.commit }, { results, isWriting });
}

/** True when nothing differs, or its package cannot be had here. */
async function judgeSdk(sdk: Sdk, { isWriting, engine }: Order): Promise<boolean> {
  const reason = await prepare(sdk);
  if (reason !== null) {
    print(`${sdk.package}: ${isRequired(sdk.toolchain) ? "failed" : "skipped"}; ${reason}`);
    return !isRequired(sdk.toolchain);
  }
  const { results, complaints } = await runSdk(sdk, engine);
  for (const complaint of complaints) print(`  ${complaint}`);
  return conclude(sdk.name, sourceOf(sdk), { results, isWriting });
}

interface Ran {
  readonly results: readonly Result[];
  readonly isWriting: boolean;
}

/** Says what came of it, and writes it or compares it with what is on record. True when nothing differs. */
function conclude(name: string, source: Source, { results, isWriting }: Ran): boolean {
  const { repository, version, commit } = source;
  const expected = readRecord(name);
  print(`${repository} ${version}${commit === null ? "" : `, ${commit.slice(0, 12)}`}: ${told(results)}`);
  if (isWriting) writeRecord(name, recordOf(source, results, expected));
  const found = differs(expected, results);
  for (const difference of isWriting ? [] : found) print(`  ${difference}`);
  if (expected !== null && (expected.commit !== commit || expected.version !== version)) {
    print(`  on record is ${expected.version}${expected.commit === null ? "" : `, ${expected.commit.slice(0, 12)}`}`);
  }
  return isWriting || found.length === 0;
}

function differs(expected: Expectation | null, results: readonly Result[]): readonly string[] {
  return expected === null ? ["nothing is on record; run it with --write"] : differences(expected, results);
}

interface Attempts {
  readonly server: Running;
  readonly leftOut: readonly string[];
  readonly isDone: (results: readonly Result[]) => boolean;
}

/** Once more when it differs: some tests race with the server, and lose on a busy machine. */
async function run({ runner }: Suite, copy: Copy, { server, leftOut, isDone }: Attempts): Promise<readonly Result[]> {
  try {
    redirect(copy, runner.files, server.port);
    const first = await runner.run(copy.folder, leftOut);
    if (isDone(first)) return first;
    const second = await runner.run(copy.folder, leftOut);
    for (const name of passedOnlyIn(second, first)) print(`  ${name}: passed at the second try`);
    return bestOf(first, second);
  } finally {
    await server.stop();
  }
}

function told(results: readonly Result[]): string {
  const counts = (["passed", "failed", "skipped", "left out"] as const).map(
    (each) => `${countOf(results, each)} ${each}`,
  );
  return counts.join(", ");
}

async function main(args: readonly string[]): Promise<void> {
  const names = args.filter((arg) => arg !== "--write" && arg !== "--sqlite");
  const order: Order = {
    isWriting: args.includes("--write"),
    engine: args.includes("--sqlite") ? "sqlite" : "memory",
  };
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`expected ${usage}, got ${JSON.stringify(unknown)}`);
  const isWanted = (name: string): boolean => names.length === 0 || names.includes(name);
  let isAsRecorded = true;
  for (const suite of suites) if (isWanted(suite.name)) isAsRecorded = (await judge(suite, order)) && isAsRecorded;
  if (isWanted(sdkPart)) for (const sdk of sdks) isAsRecorded = (await judgeSdk(sdk, order)) && isAsRecorded;
  process.exitCode = isAsRecorded ? 0 : 1;
}

main(process.argv.slice(2)).catch((thrown: unknown) => {
  process.stderr.write(`conformance: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
});
