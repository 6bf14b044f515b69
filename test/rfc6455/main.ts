// `npm run rfc6455`: every case at its full length, compared with what is on record; `--write` makes it the record.
import process from "node:process";
import type { Outcome } from "./case.ts";
import { casesFor, exceptionsIn, readRecord, type Server, writeRecord } from "./record.ts";
import { runCase } from "./run-case.ts";
import { serveEcho } from "./serve.ts";

const usage = "npm run rfc6455 -- [--write | the beginning of a case's number, such as 6.4 or 13.]...";
/** Longer than any case takes on a busy machine. */
const caseDeadlineMs = 600_000;
const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(args: readonly string[]): Promise<void> {
  const isWriting = args.includes("--write");
  const wanted = args.filter((arg) => arg !== "--write");
  if (wanted.some((each) => !/^[\d.]+$/.test(each)) || (isWriting && wanted.length > 0)) {
    throw new Error(`expected ${usage}, got ${args.join(" ")}`);
  }
  const isWanted = (id: string): boolean => wanted.length === 0 || wanted.some((prefix) => id.startsWith(prefix));
  const outcomes = { plain: await runAll("plain", isWanted), compressing: await runAll("compressing", isWanted) };
  const exceptions = { plain: exceptionsIn(outcomes.plain), compressing: exceptionsIn(outcomes.compressing) };
  if (isWriting) return writeRecord({ node: process.versions.node, exceptions });
  const record = readRecord();
  let isAsRecorded = true;
  for (const server of ["plain", "compressing"] as const) {
    for (const [id, { verdict, why }] of outcomes[server]) {
      const expected = record.exceptions[server][id] ?? "ok";
      if (verdict === expected) continue;
      isAsRecorded = false;
      print(`${server}: ${id} is ${verdict}, on record is ${expected}; ${why}`);
    }
  }
  process.exitCode = isAsRecorded ? 0 : 1;
}

async function runAll(server: Server, isWanted: (id: string) => boolean): Promise<ReadonlyMap<string, Outcome>> {
  const echo = await serveEcho({ compression: server === "compressing" });
  const outcomes = new Map<string, Outcome>();
  for (const each of casesFor[server]) {
    if (!isWanted(each.id)) continue;
    const outcome = await withDeadline(runCase(each, echo, Number.POSITIVE_INFINITY));
    outcomes.set(each.id, outcome);
    if (outcome.verdict !== "ok") print(`${server}: ${each.id}, ${each.about}: ${outcome.verdict}. ${outcome.why}`);
    if (outcomes.size % 50 === 0) print(`${server}: ${outcomes.size} cases`);
  }
  await echo.stop();
  const oks = [...outcomes.values()].filter(({ verdict }) => verdict === "ok").length;
  print(`${server}: ${outcomes.size} cases, ${oks} OK`);
  return outcomes;
}

/** A case that does not end has failed, and the next one is run. */
async function withDeadline(running: Promise<Outcome>): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => resolve({ verdict: "failed", why: "it did not end" }), caseDeadlineMs);
  });
  const failed = (thrown: unknown): Outcome => ({ verdict: "failed", why: String(thrown) });
  return await Promise.race([running.catch(failed), late]).finally(() => clearTimeout(timer));
}

main(process.argv.slice(2)).catch((thrown: unknown) => {
  process.stderr.write(`rfc6455: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
});
