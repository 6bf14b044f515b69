// The torture: a server on SQLite is killed again and again under load, and every reader's account is checked.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { commit, machine } from "../machine.ts";
import { freePort, KilledNode } from "./node.ts";
import { Publisher } from "./publisher.ts";
import { Subscribers } from "./subscribers.ts";
import { type Faults, type Kind, noFaults } from "./witness.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const results = join(import.meta.dirname, "../results");

interface Options {
  readonly kills: number;
  readonly subscribers: number;
  readonly channels: number;
  /** Publishes a second, over all channels. */
  readonly rate: number;
  /** Acks between two kills, at least. */
  readonly acks: number;
}

interface Outcome {
  readonly kills: number;
  readonly acked: number;
  readonly ackedPerSecond: number;
  readonly retried: number;
  readonly duplicates: number;
  readonly returns: Record<Kind, { readonly eligible: number; readonly recovered: number }>;
  readonly faults: Record<Kind, Faults>;
  readonly deliveries: number;
}

function readOptions(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ args: [...args], options: { kills: text, rate: text, acks: text } });
  const positive = (name: keyof typeof values, otherwise: number): number => {
    const value = Number(values[name] ?? otherwise);
    if (Number.isInteger(value) && value > 0) return value;
    throw new RangeError(`--${name}: expected a positive integer, got ${values[name]}`);
  };
  const kills = positive("kills", 50);
  return { kills, subscribers: 200, channels: 20, rate: positive("rate", 1_000), acks: positive("acks", 1_050) };
}

async function torture(options: Options, folder: string): Promise<Outcome> {
  const port = await freePort();
  const url = `ws://127.0.0.1:${port}/connection/websocket`;
  const node = new KilledNode(join(folder, "log.db"), port);
  const subscribers = new Subscribers();
  const channels = Array.from({ length: options.channels }, (_, index) => `public:${index}`);
  await node.start();
  for (let n = 0; n < options.subscribers; n += 1) {
    const kind = Math.floor(n / options.channels) % 2 === 0 ? "tidewire" : "centrifuge-js";
    subscribers.add(kind, url, channels[n % options.channels] ?? "");
  }
  await subscribers.until(() => subscribers.areLive());
  const publishers = channels.map((channel) => new Publisher(url, channel, options.rate / options.channels));
  const acked = (): number => publishers.reduce((sum, publisher) => sum + publisher.acked.size, 0);
  let [upMs, sinceMs] = [0, performance.now()];
  try {
    for (let round = 1; round <= options.kills; round += 1) {
      const enough = acked() + options.acks;
      await subscribers.until(() => acked() >= enough && subscribers.areLive());
      // At another moment of a commit each time.
      await sleep(Math.random() * 20);
      upMs += performance.now() - sinceMs;
      await node.kill();
      await node.start();
      sinceMs = performance.now();
      subscribers.retry();
      await subscribers.until(() => subscribers.witnesses.every(({ returns }) => returns.length >= round));
      print(`kill ${round} of ${options.kills}: ${acked()} acked`);
    }
    upMs += performance.now() - sinceMs;
    for (const publisher of publishers) publisher.finish();
    while (!publishers.every(({ isDone }) => isDone)) await sleep(50);
    const tops = new Map(publishers.map(({ channel, acked }) => [channel, Math.max(...acked.values())]));
    const haveAll = (): boolean =>
      subscribers.witnesses.every(({ channel, newest }) => newest >= (tops.get(channel) ?? 0));
    // What is lost for good never comes; the accounts then say which it was.
    await Promise.race([subscribers.until(haveAll), sleep(30_000)]);
  } finally {
    for (const publisher of publishers) publisher.end();
    subscribers.end();
    await node.kill();
  }
  return judge(options, { publishers, subscribers, ackedPerSecond: acked() / (upMs / 1_000) });
}

function judge(
  { kills }: Options,
  run: {
    readonly publishers: readonly Publisher[];
    readonly subscribers: Subscribers;
    readonly ackedPerSecond: number;
  },
): Outcome {
  const { publishers, subscribers } = run;
  const faults = { tidewire: noFaults(), "centrifuge-js": noFaults() };
  const returns = { tidewire: { eligible: 0, recovered: 0 }, "centrifuge-js": { eligible: 0, recovered: 0 } };
  let deliveries = 0;
  for (const witness of subscribers.witnesses) {
    const publisher = publishers.find(({ channel }) => channel === witness.channel);
    const found = witness.judge(publisher?.acked ?? new Map());
    const sum = faults[witness.kind];
    for (const name of Object.keys(sum) as (keyof Faults)[]) sum[name] += found[name];
    returns[witness.kind].eligible += witness.returns.length;
    returns[witness.kind].recovered += witness.returns.filter((recovered) => recovered).length;
    deliveries += witness.newest;
  }
  const total = (of: (publisher: Publisher) => number): number => publishers.reduce((sum, one) => sum + of(one), 0);
  return {
    kills,
    acked: total(({ acked }) => acked.size),
    ackedPerSecond: Math.round(run.ackedPerSecond),
    retried: total(({ indeterminate }) => indeterminate),
    duplicates: total(({ duplicates }) => duplicates),
    returns,
    faults,
    deliveries,
  };
}

function isFlawless({ faults, returns }: Outcome): boolean {
  const areNone = Object.values(faults).every((found) => Object.values(found).every((count: number) => count === 0));
  return areNone && Object.values(returns).every(({ eligible, recovered }) => eligible === recovered);
}

async function run(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const [here, { id, isChanged }] = [machine(), commit()];
  print(`${here.cpu}, ${here.cores} cores, Node ${here.node}, commit ${id}`);
  const folder = mkdtempSync(join(tmpdir(), "tidewire-torture-"));
  try {
    const outcome = await torture(options, folder);
    print(JSON.stringify(outcome, null, 2));
    const date = new Date().toISOString().slice(0, 10);
    const name = `torture-${date}-${id}.json`;
    const kept = { date, machine: here, commit: id, hasChanges: isChanged, options, ...outcome };
    mkdirSync(results, { recursive: true });
    writeFileSync(join(results, name), `${JSON.stringify(kept, null, 2)}\n`);
    print(`bench/results/${name}`);
    if (!isFlawless(outcome)) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

run(process.argv.slice(2)).catch((thrown: unknown) => {
  process.stderr.write(`torture: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
});
