// A process of the load generator: opens connections, counts what each is given and how late. Arguments: wire, channel.
import { type EventLoopUtilization, performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { answer } from "../answering.ts";
import { MarkReader, nowUs } from "../mark.ts";
import type { Counted, Dial, LoadReport, LoadTalk } from "../talk.ts";
import { countLatency, noLatencies } from "./latency.ts";
import { speechOf, type Wire } from "./speech.ts";
import { type Shared, Subscriber } from "./subscriber.ts";

const [wire = "bare", channel = ""] = process.argv.slice(2);
/** Connections being opened at a time. */
const atATime = 100;
const lookMs = 20;

const readers: Subscriber[] = [];
const stalled: Subscriber[] = [];
const marks = new MarkReader();
const buffer = Buffer.alloc(65_536);
let latencies = noLatencies();
let failed = 0;
let readUs = 0;
let deliveredUs = 0;
let deliveries = 0;

interface Begun {
  readonly atUs: number;
  readonly cpu: NodeJS.CpuUsage;
  readonly loop: EventLoopUtilization;
}

interface Shares {
  readonly cpuUs: number;
  readonly cpuShare: number;
  readonly loopShare: number;
}

const beginNow = (): Begun => ({
  atUs: nowUs(),
  cpu: process.cpuUsage(),
  loop: performance.eventLoopUtilization(),
});

function sharesSince(begun: Begun): Shares {
  const { user, system } = process.cpuUsage(begun.cpu);
  const loopShare = performance.eventLoopUtilization(begun.loop).utilization;
  return { cpuUs: user + system, cpuShare: (user + system) / (nowUs() - begun.atUs), loopShare };
}

let begun = beginNow();

function sharedOf(port: number): Shared {
  return {
    port,
    marks,
    buffer,
    reads: () => {
      readUs = nowUs();
    },
    delivered: (atUs) => {
      deliveries += 1;
      deliveredUs = readUs;
      countLatency(latencies, readUs - atUs);
    },
    failed: (problem) => {
      failed += 1;
      if (failed === 1) process.stderr.write(`${wire}: ${problem}\n`);
    },
  };
}

/** `{n}` in the channel's name is the connection's number. */
async function connectAll({ port, first, count, stalled: stalling }: Dial): Promise<Shares & { elapsedMs: number }> {
  const since = beginNow();
  const shared = sharedOf(port);
  let next = 0;
  const line = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      const subscriber = new Subscriber(speechOf(wire as Wire, channel.replace("{n}", String(first + index))), shared);
      await subscriber.opened;
      if (index < stalling) subscriber.stall();
      (index < stalling ? stalled : readers).push(subscriber);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, count) }, line));
  return { elapsedMs: (nowUs() - since.atUs) / 1_000, ...sharesSince(since) };
}

/** Ends when everything has come, or when nothing more has for a while. */
async function finish({ published, graceMs }: { published: number; graceMs: number }): Promise<LoadReport> {
  const expected = published * readers.length;
  let shares = sharesSince(begun);
  let quietSinceUs = nowUs();
  for (let seen = -1; deliveries < expected && nowUs() - quietSinceUs < graceMs * 1_000;) {
    if (deliveries !== seen) {
      seen = deliveries;
      quietSinceUs = nowUs();
      shares = sharesSince(begun);
    }
    await sleep(lookMs);
  }
  // What comes twice comes late.
  await sleep(lookMs * 2);
  const counted = readers.map((reader) => reader.tally.result(published));
  const sum = (of: (one: Counted) => number): number => counted.reduce((total, one) => total + of(one), 0);
  return {
    received: sum((one) => one.received),
    lost: sum((one) => one.lost),
    repeated: sum((one) => one.repeated),
    reordered: sum((one) => one.reordered),
    strays: sum((one) => one.strays),
    latencies,
    lastMs: Math.max(0, deliveredUs - begun.atUs) / 1_000,
    failed,
    ...shares,
  };
}

answer<LoadTalk>({
  connect: connectAll,
  begin: ({ phase }) => {
    for (const reader of readers) reader.tally.begin(phase);
    latencies = noLatencies();
    deliveries = 0;
    begun = beginNow();
    return null;
  },
  finish,
});
