// Appends a second of each engine, by the number of writers that each wait for their ack before the next publish.
// Run: node --conditions=@tidewire/source bench/engines.ts
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { memoryEngine } from "@tidewire/server/memory";
import { sqliteEngine } from "@tidewire/server/sqlite";

type Engine = ReturnType<typeof memoryEngine>;
type Draft = Parameters<Engine["publish"]>[1];

const secondsPerRow = 3;
const channels = 100;
const data = new TextEncoder().encode(JSON.stringify({ text: "x".repeat(80), at: 1_767_225_600_000 }));
const body = { data, form: "json", author: { session: "0123456789abcdef", user: "somebody" } } as const;
const retention = { size: 300, ttlMs: 300_000 };

interface Row {
  readonly appendsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of one core, of the whole process. */
  readonly cpuPercent: number;
}

async function measure(engine: Engine, writers: number, isKeyed: boolean): Promise<Row> {
  const latencies: number[] = [];
  const cpu = process.cpuUsage();
  const begin = performance.now();
  const end = begin + secondsPerRow * 1_000;
  const write = async (writer: number): Promise<void> => {
    for (let n = 0, now = begin; now < end; n += 1) {
      const draft: Draft = { kind: "value", body, retention };
      const keyed = isKeyed ? { ...draft, idempotencyKey: `${begin}-${writer}-${n}` } : draft;
      await engine.publish(`channel:${writer % channels}`, keyed);
      const acked = performance.now();
      latencies.push(acked - now);
      now = acked;
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  const elapsedMs = performance.now() - begin;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((one, other) => one - other);
  return {
    appendsPerSecond: Math.round((latencies.length / elapsedMs) * 1_000),
    p50Ms: latencies[latencies.length >> 1] ?? 0,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
    cpuPercent: Math.round((user + system) / 10 / elapsedMs),
  };
}

const folder = mkdtempSync(join(process.env["TIDEWIRE_BENCH_FOLDER"] ?? tmpdir(), "tidewire-bench-"));
const engines = { memory: memoryEngine(), sqlite: sqliteEngine({ path: join(folder, "log.db") }) };
const sink = { announced: () => undefined, suspect: () => undefined, health: () => undefined };

console.log(
  `Node ${process.version}, ${availableParallelism()} cores, ${data.byteLength}-byte payloads, ${channels} channels`,
);
console.log("engine  keys  writers  appends/s   p50 ms   p99 ms  cpu %");
for (const [name, engine] of Object.entries(engines)) {
  await engine.start(sink);
  for (let channel = 0; channel < channels; channel += 1) await engine.follow(`channel:${channel}`);
  for (const isKeyed of [false, true]) {
    for (const writers of [1, 100, 5_000]) {
      const { appendsPerSecond, p50Ms, p99Ms, cpuPercent } = await measure(engine, writers, isKeyed);
      const cells = [writers, appendsPerSecond, p50Ms.toFixed(3), p99Ms.toFixed(3), cpuPercent];
      const widths = [7, 9, 7, 7, 5];
      const row = cells.map((cell, column) => String(cell).padStart(widths[column] ?? 0)).join("  ");
      console.log(`${name}  ${isKeyed ? " yes" : "  no"}  ${row}`);
    }
  }
  await engine.stop();
}
rmSync(folder, { recursive: true, force: true });
