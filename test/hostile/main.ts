// `npm run hostile`: every attack at its full size on a server with its own limits; a table, and the figures in a file.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Child } from "tidewire/bench";
import { commit, machine } from "../../bench/machine.ts";
import { type AttackTalk, programOf, type Row, type TimedBeside, type Weighed } from "./arena.ts";
import { rows } from "./catalog.ts";
import { type Measured, readDocument, written } from "./document.ts";
import type { Heard } from "./talk.ts";

const usage = "npm run hostile -- [--write] [the beginning of an attack's name]...";
const attackMs = 600_000;
const folder = path.join(import.meta.dirname, "../..");
const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(args: readonly string[]): Promise<void> {
  const isWriting = args.includes("--write");
  const wanted = args.filter((arg) => arg !== "--write");
  const unknown = wanted.filter((name) => !rows.some((row) => row.name.startsWith(name)));
  if (unknown.length > 0 || (isWriting && wanted.length > 0)) throw new Error(`expected ${usage}`);
  const chosen = rows.filter(({ name }) => wanted.length === 0 || wanted.some((start) => name.startsWith(start)));
  const measured: Measured[] = [];
  for (const row of chosen) {
    measured.push(judged(row, await tried("time", row), await tried("weigh", row)));
    print(JSON.stringify(measured.at(-1)));
  }
  const wrong = measured.filter(({ isAsExpected }) => !isAsExpected);
  for (const { name } of wrong) print(`not as expected: ${name}`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
  if (!isWriting) return;
  const [date, { id, isChanged }] = [new Date().toISOString().slice(0, 10), commit()];
  const file = `bench/results/hostile-${date}-${id}.json`;
  const figures = { date, machine: machine(), commit: id, hasChanges: isChanged, rows: measured };
  mkdirSync(path.join(folder, "bench/results"), { recursive: true });
  writeFileSync(path.join(folder, file), `${JSON.stringify(figures, null, 2)}\n`);
  const document = path.join(folder, "docs/hostile.md");
  writeFileSync(document, written(readDocument(document), { measured, file }));
  print(`${file} and docs/hostile.md`);
}

/** A process for each time: what it starts has to come before it has made itself the last. */
async function tried<How extends keyof AttackTalk>(how: How, { name }: Row): Promise<AttackTalk[How]["answer"]> {
  const attackers = new Child<AttackTalk>(programOf("attack", []), null);
  try {
    return await attackers.ask(how, { name }, attackMs);
  } finally {
    await attackers.stop();
  }
}

function judged(row: Row, timed: TimedBeside, { heldBytes, leftBytes, ...weighed }: Weighed): Measured {
  const n = row.sizes.full;
  const isAsExpected =
    [timed, weighed].every(({ result, bystander }) => isUnharmed(bystander) && result === row.expected(n)) &&
    heldBytes < row.heldBytes(n);
  return { name: row.name, about: row.about(n), isAsExpected, ...timed, heldBytes, leftBytes };
}

function isUnharmed({ lost, repeated, reordered, failed }: Heard): boolean {
  return lost + repeated + reordered + failed === 0;
}

main(process.argv.slice(2)).catch((thrown: unknown) => {
  process.stderr.write(`hostile: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
});
