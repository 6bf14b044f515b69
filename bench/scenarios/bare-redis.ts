// Redis without a server of ours: two clients that say something to each other, redis-benchmark, and the engine alone.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { createClient } from "@redis/client";
import { redisEngine } from "@tidewire/server/redis";
import { libraryPath } from "../../tools/run/debian.mjs";
import { countLatency, noLatencies, nowUs, quantileMs } from "tidewire/bench";

/** Publications a second, and for how long. */
export interface Pace {
  readonly rate: number;
  readonly seconds: number;
}

interface Paced extends Pace {
  readonly bytes: number;
}

/** From PUBLISH to the subscriber, 99 times of a hundred at most; one connection each. @param warming Said before, and not counted. */
export async function pairP99Ms(url: string, warming: Pace, { rate, seconds, bytes }: Paced): Promise<number> {
  const [publisher, subscriber] = [createClient({ url }), createClient({ url })];
  await Promise.all([publisher.connect(), subscriber.connect()]);
  const latencies = noLatencies();
  const filling = " ".repeat(bytes);
  const uncounted = warming.rate * warming.seconds;
  let heard = 0;
  await subscriber.subscribe("bench", (message) => {
    heard += 1;
    if (heard > uncounted) countLatency(latencies, nowUs() - Number(message));
  });
  let wanted = 0;
  for (const pace of [warming, { rate, seconds }]) {
    const before = wanted;
    wanted += pace.rate * pace.seconds;
    for (let sent = before, startMs = performance.now(); sent < wanted;) {
      const due = before + Math.floor(((performance.now() - startMs) * pace.rate) / 1_000);
      for (; sent < Math.min(wanted, due); sent += 1) await publisher.publish("bench", `${nowUs()}${filling}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  while (heard < wanted) await new Promise((resolve) => setTimeout(resolve, 1));
  subscriber.destroy();
  publisher.destroy();
  return quantileMs(latencies, 0.99);
}

const channels = 100;

/** Appends to a stream and an announcement, by a script of its own, since what is appended has to be announced with it. */
const appendAndAnnounce =
  "redis.call('XADD', KEYS[1], 'MAXLEN', '~', 100, '*', 'r', ARGV[1]) return redis.call('SPUBLISH', KEYS[1], ARGV[1])";
const benchmarkFlags = ["-c", "50", "-P", "16", "-r", String(channels), "-q"];
/** About a second's. */
const benchmarkRequests = 60_000;

interface Benchmark {
  /** The Redis beside which it lies. */
  readonly program: string;
  readonly port: number;
  readonly seconds: number;
  readonly bytes: number;
}

/** @throws {Error} Where there is no redis-benchmark, or it said something else. */
export async function benchmarkPerSecond({ program, port, seconds, bytes }: Benchmark): Promise<number> {
  const requests = ["-p", String(port), "-n", String(benchmarkRequests * seconds)];
  const command = ["EVAL", appendAndAnnounce, "1", "{log}:__rand_int__", "x".repeat(bytes)];
  const args = [...requests, ...benchmarkFlags, ...command];
  const { file, env } = benchmarkBeside(program);
  const { stdout } = await promisify(execFile)(file, args, { env });
  const said = [...stdout.matchAll(/([\d.]+) requests per second/g)].at(-1)?.[1];
  if (said === undefined) throw new Error(`requests per second were expected of redis-benchmark, got ${stdout}`);
  return Number(said);
}

/** Where Redis is, or, of a private copy, behind its launcher. */
function benchmarkBeside(program: string): { readonly file: string; readonly env: NodeJS.ProcessEnv } {
  const [folder, name] = [dirname(program), "redis-benchmark"];
  const beside = join(folder, name);
  if (existsSync(beside)) return { file: beside, env: process.env };
  return { file: join(folder, "usr/bin", name), env: { ...process.env, LD_LIBRARY_PATH: libraryPath(folder) } };
}

const writers = 1_000;

/** Of an engine alone, whose writers wait for each ack, to channels that it follows. */
export async function appendsPerSecond(
  url: string,
  { seconds, bytes }: { readonly seconds: number; readonly bytes: number },
): Promise<number> {
  const engine = redisEngine({ client: createClient({ url }) });
  await engine.start({ announced: () => undefined, suspect: () => undefined, health: () => undefined });
  const names = Array.from({ length: channels }, (_, n) => `bench:${n}`);
  await Promise.all(names.map((name) => engine.follow(name)));
  const body = { data: new TextEncoder().encode(JSON.stringify("x".repeat(bytes - 2))), form: "json" } as const;
  const retention = { size: 100, ttlMs: 300_000 };
  const startMs = performance.now();
  let acked = 0;
  const write = async (name: string): Promise<void> => {
    while (performance.now() - startMs < seconds * 1_000) {
      await engine.publish(name, { kind: "value", body, retention });
      acked += 1;
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, n) => write(names[n % channels] ?? "")));
  const tookMs = performance.now() - startMs;
  await engine.stop();
  return (acked / tookMs) * 1_000;
}
