// The torture of jobs: orders and work go on while whoever takes part is killed; then everything that was said is held against the promises.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { JobStore } from "@tidewire/jobs";
import { Dice } from "../torture/dice.ts";
import { freePort } from "../torture/machines.ts";
import { type Broker, startBroker } from "./broker.ts";
import { type History, judge, type Verdict } from "./checker.ts";
import { Crew } from "./crew.ts";
import { Crowd } from "./crowd.ts";
import { attempts, leaseMs } from "./job.ts";
import { Killer } from "./killer.ts";
import { keptIn, toldIn } from "./looks.ts";
import { storeAt, type StoreName } from "./stores.ts";
import type { Trace } from "./traces.ts";

export interface TortureOptions {
  readonly store: StoreName;
  /** That are acked. */
  readonly jobs: number;
  /** One of so many is watched by its owner. */
  readonly watchedOf: number;
  readonly seed: number;
}

export interface Place {
  /** For everything that is written. */
  readonly folder: string;
  readonly say: (line: string) => void;
}

export interface Outcome extends Verdict {
  readonly acked: number;
  readonly seconds: number;
  readonly begun: number;
  readonly completions: number;
  readonly strikes: Killer["counts"];
  /** Milliseconds that the store was away, each time. */
  readonly outagesMs: readonly number[];
  readonly refusals: Crowd["refusals"];
  readonly watched: number;
}

const lookMs = 100;
const tellMs = 5_000;
/** Orders that wait, of a long run and of a short one: it lasts until something has happened to it. */
const mostWaiting = { atAll: 400, ofJobs: 0.1 } as const;
const patienceMs = 60_000;

interface Stage {
  readonly broker: Broker;
  readonly crew: Crew;
  readonly crowd: Crowd;
  readonly trace: Trace;
  readonly store: JobStore;
  readonly port: number;
  readonly folder: string;
}

export async function tortureJobs(options: TortureOptions, place: Place): Promise<Outcome> {
  const { folder, say } = place;
  const broker = await startBroker(options.store, folder);
  const port = await freePort();
  const crew = new Crew(broker, { folder, port });
  const store = storeAt(broker.address);
  try {
    const trace = await broker.trace();
    await crew.start();
    await store.open();
    const room = Math.min(mostWaiting.atAll, options.jobs * mostWaiting.ofJobs);
    const crowd = new Crowd({
      url: `ws://127.0.0.1:${port}/connection/websocket`,
      jobs: options.jobs,
      watchedOf: options.watchedOf,
      hasRoom: () => crowd.orders.length - trace.accepted.length < room,
    });
    const dice = new Dice(options.seed);
    const [answers, served] = [() => answering(store), () => crowd.retry()];
    const killer = new Killer({ crew, broker, dice, answers, served, say });
    try {
      return await underFire({ broker, crew, crowd, trace, store, port, folder }, killer, say);
    } finally {
      killer.end();
      crowd.end();
    }
  } finally {
    await crew.end();
    await store.close();
    await broker.end();
  }
}

async function underFire(stage: Stage, killer: Killer, say: Place["say"]): Promise<Outcome> {
  const { crew, crowd, trace } = stage;
  const looking = setInterval(() => {
    crew.look();
    trace.look().catch((thrown: unknown) => say(`the trace cannot be read: ${String(thrown)}`));
  }, lookMs);
  const telling = setInterval(() => say(`${crowd.orders.length} acked, ${trace.accepted.length} ended`), tellMs);
  const sinceMs = performance.now();
  try {
    const killing = killer.run();
    await crowd.order();
    killer.end();
    await killing;
    const history = await settled(stage);
    const seconds = Math.round((performance.now() - sinceMs) / 1_000);
    return outcomeOf({ ...history, outages: killer.outages }, { stage, killer, seconds });
  } finally {
    clearInterval(looking);
    clearInterval(telling);
    await trace.close();
  }
}

/** Waits until nothing moves any more: what comes later than that never comes, and is what the verdict is about. */
async function settled({ crew, crowd, trace, store, port }: Stage): Promise<Omit<History, "outages">> {
  const ids = crowd.orders.map(({ ids: [id = ""] }) => id);
  let kept = await keptIn(store, ids);
  const isOver = (id: string): boolean => ["done", "dead", "canceled"].includes(kept.get(id)?.state ?? "");
  await patiently(async () => {
    const open = ids.filter((id) => !isOver(id));
    kept = new Map([...kept, ...(await keptIn(store, open))]);
    return open.length;
  });
  let told: History["told"] = new Map();
  await patiently(async () => {
    told = await toldIn(port, ids);
    return ids.filter((id) => told.get(id)?.length === 0).length;
  });
  await patiently(() => Promise.resolve(crowd.waiting));
  // Whoever still believes to have a job has said so by then.
  await sleep(leaseMs);
  await trace.look();
  // As it is after all that was said.
  kept = await keptIn(store, ids);
  const { orders, seen } = crowd;
  const { accepted } = trace;
  return { orders, begun: crew.begun(), accepted, kept, strikes: crew.strikes, awake: crew.awake(), told, seen };
}

/** Until nothing is left, or nothing has changed for long. */
async function patiently(left: () => Promise<number>): Promise<void> {
  let [least, sinceMs] = [Infinity, performance.now()];
  while (performance.now() - sinceMs < patienceMs) {
    const now = await left();
    if (now === 0) return;
    if (now < least) [least, sinceMs] = [now, performance.now()];
    await sleep(lookMs);
  }
}

/** Resolves when the store has answered somebody who wants to write. */
async function answering(store: JobStore): Promise<void> {
  for (;;) {
    try {
      await store.renew([{ id: "nobody's", fence: 1 }], leaseMs);
      return;
    } catch {
      await sleep(10);
    }
  }
}

interface Done {
  readonly stage: Stage;
  readonly killer: Killer;
  readonly seconds: number;
}

function outcomeOf(history: History, { stage, killer, seconds }: Done): Outcome {
  const verdict = judge(history, { leaseMs, attempts });
  // For whoever wants to know why.
  const text = JSON.stringify(history, (_, value: unknown) => (value instanceof Map ? [...value] : value));
  writeFileSync(join(stage.folder, "history.json"), text);
  const deaths = stage.crew.deaths.map((name) => `${name} ended, and nobody had killed it`);
  return {
    acked: history.orders.length,
    seconds,
    begun: history.begun.length,
    completions: history.accepted.length,
    strikes: killer.counts,
    outagesMs: killer.outages.map(({ fromMs, toMs }) => toMs - fromMs),
    refusals: stage.crowd.refusals,
    watched: history.seen.size,
    ...verdict,
    violations: [...verdict.violations, ...deaths],
  };
}
