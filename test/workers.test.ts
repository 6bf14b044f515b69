// Several processes on one port, under the history checker: workers and the owner of the log are killed and stopped.
import { once } from "node:events";
import { connect } from "node:net";
import { defineChannel } from "@tidewire/protocol";
import { expect, test } from "vitest";
import { Checker } from "../simulation/checker/checker.ts";
import type { HistoryRecord } from "../simulation/checker/records.ts";
import { childrenOf } from "./child-processes.ts";
import { type Fleet, startFleet, startFleetAt, until } from "./fleet.ts";
import { freePort } from "./killable-node.ts";
import { connected } from "./centrifuge-client.ts";
import { type Reader, recordedReader, Watch } from "./recorded-reader.ts";

const news = defineChannel("news", { history: { size: 10_000, ttlMs: 3_600_000 } });
const patterns = [{ pattern: "news", history_size: 10_000, history_ttl: "1h" }];

interface Kept {
  readonly publications: readonly { readonly offset: number; readonly data: unknown }[];
  readonly offset: number;
  readonly epoch: string;
}

/** Four clients that write and read, and what becomes of it. */
class Trial {
  readonly fleet: Fleet;
  readonly watch: Watch = new Watch();
  readonly readers: readonly (readonly [string, Reader])[];
  readonly #history: HistoryRecord[] = [];
  readonly #counts = new Map<string, number>();

  private constructor(fleet: Fleet) {
    this.fleet = fleet;
    this.#record({ kind: "channel", channel: news.pattern, mode: "stream", log: "after" });
    const url = `ws://127.0.0.1:${fleet.port}/connection/websocket`;
    const told = { channel: news, watch: this.watch, record: (one: HistoryRecord) => this.#record(one) };
    this.readers = ["ann", "ben", "cleo", "dan"].map((name) => [name, recordedReader(url, name, told)]);
  }

  static async begin(engine: "sqlite" | "memory"): Promise<Trial> {
    const trial = new Trial(await startFleet(2, engine, patterns));
    await trial.live();
    return trial;
  }

  readonly #record = (one: HistoryRecord): void => {
    this.#history.push(one);
    this.#counts.set(one.kind, this.count(one.kind) + 1);
  };

  count(kind: HistoryRecord["kind"]): number {
    return this.#counts.get(kind) ?? 0;
  }

  live(): Promise<void> {
    return this.watch.until(() => this.readers.every(([, { offset }]) => offset() >= 0));
  }

  publish(round: number): void {
    for (const [name, { publish }] of this.readers) {
      for (let left = 10; left > 0; left -= 1) publish(`${name}-${round}-${left}`);
    }
  }

  decided(): Promise<void> {
    const outcomes = (): number => this.count("ack") + this.count("reject") + this.count("indeterminate");
    return this.watch.until(() => outcomes() === this.count("invoke"));
  }

  /** Connections are the workers' in turn: so many answers in a row are each one's. */
  async answering(): Promise<void> {
    for (let answers = 0; answers < 4;) {
      const answer = (await this.fleet.api("history", { channel: "news", limit: 0 })) as object;
      answers = "result" in answer ? answers + 1 : 0;
    }
  }

  /** Everybody has everything, and nothing is wrong with how it came. */
  async check(): Promise<Checker> {
    await this.decided();
    await this.answering();
    const { result } = (await this.fleet.api("history", { channel: "news", limit: -1 })) as { readonly result: Kept };
    await this.watch.until(() => this.readers.every(([, { offset }]) => offset() === result.offset));
    for (const { data, offset } of result.publications) {
      const position = { epoch: result.epoch, offset };
      this.#record({ kind: "append", channel: news.pattern, op: String(data), position, previous: offset - 1 });
    }
    this.#record({ kind: "settled" });
    const checker = new Checker();
    for (const one of this.#history) checker.read(one);
    expect(result.publications).toHaveLength(result.offset);
    expect(checker.violations).toEqual([]);
    expect(checker.deliveries).toBe(this.readers.length * result.offset);
    return checker;
  }
}

test("a worker that is killed takes nothing with it that was acked, six times", { timeout: 120_000 }, async () => {
  const trial = await Trial.begin("memory");
  const { fleet } = trial;
  for (let round = 1; round <= 6; round += 1) {
    const delivered = trial.count("deliver");
    trial.publish(round);
    // Some have been handed over, and others are on their way.
    await trial.watch.until(() => trial.count("deliver") > delivered + 20);
    const victim = fleet.workers()[round % 2] ?? 0;
    process.kill(victim, "SIGKILL");
    await until(() => !fleet.workers().includes(victim));
    await fleet.whole();
    await trial.live();
  }
  const checker = await trial.check();
  expect(trial.count("ack")).toBeGreaterThan(200);
  expect(checker.recoveries.recovered).toBeGreaterThanOrEqual(3);
  expect(checker.recoveries.unrecovered).toBe(0);
});

test("an owner that is killed has kept in SQLite what was acked, four times", { timeout: 120_000 }, async () => {
  const trial = await Trial.begin("sqlite");
  const { fleet } = trial;
  for (let round = 1; round <= 4; round += 1) {
    const acked = trial.count("ack");
    trial.publish(round);
    await trial.watch.until(() => trial.count("ack") > acked + 5);
    const victim = fleet.owner() ?? 0;
    process.kill(victim, "SIGKILL");
    await until(() => fleet.owner() !== victim);
    await fleet.whole();
    await trial.decided();
    await trial.answering();
  }
  trial.publish(5);
  const checker = await trial.check();
  expect(trial.count("ack")).toBeGreaterThanOrEqual(60);
  // Nobody was disconnected for it.
  expect([trial.count("reply"), checker.recoveries.unrecovered]).toEqual([4, 0]);
});

test(
  "an owner that is stopped lets publishes end meanwhile, and what it did is told after",
  { timeout: 60_000 },
  async () => {
    const trial = await Trial.begin("sqlite");
    const owner = trial.fleet.owner() ?? 0;
    trial.publish(1);
    await trial.decided();
    process.kill(owner, "SIGSTOP");
    trial.publish(2);
    await trial.decided();
    expect(trial.count("ack")).toBe(40);
    const ready = async (): Promise<number> =>
      (await fetch(`http://127.0.0.1:${trial.fleet.port}/health/ready`)).status;
    await until(async () => (await ready()) === 503);
    process.kill(owner, "SIGCONT");
    await until(async () => (await ready()) === 200);
    trial.publish(3);
    await trial.check();
    expect(trial.count("ack")).toBeGreaterThanOrEqual(80);
    expect(trial.count("reply")).toBe(4);
  },
);

test("an owner in memory that is killed begins a new epoch, and readers are told", { timeout: 60_000 }, async () => {
  const trial = await Trial.begin("memory");
  trial.publish(1);
  await trial.decided();
  const victim = trial.fleet.owner() ?? 0;
  process.kill(victim, "SIGKILL");
  await trial.watch.until(() => trial.count("gap") === 4);
  const acked = trial.count("ack");
  await until(async () => {
    trial.publish(2);
    await trial.decided();
    return trial.count("ack") >= acked + 40;
  });
  await trial.watch.until(() => trial.readers.every(([, { offset }]) => offset() >= 40));
});

test("clients that waited for the start are all workers', and not the first one's", { timeout: 60_000 }, async () => {
  const port = await freePort();
  // As soon as anybody listens.
  const waiting = Array.from({ length: 60 }, async () => {
    await until(() => answersAt(port));
    return await connected(`ws://127.0.0.1:${port}`);
  });
  const fleet = await startFleetAt(port, 2, { engine: "memory", patterns });
  await Promise.all(waiting);
  const { result } = (await fleet.api("info", {})) as { readonly result: Info };
  const [fewest = 0] = result.nodes.map(({ num_clients: clients }) => clients).toSorted((one, other) => one - other);
  expect([result.nodes.length, result.nodes.reduce((sum, node) => sum + node.num_clients, 0)]).toEqual([2, 60]);
  expect(fewest).toBeGreaterThan(10);
});

test("SIGTERM sends everybody away, and ends every process", { timeout: 60_000 }, async () => {
  const { supervisor, workers, owner } = await startFleet(2, "sqlite", patterns);
  expect([workers().length, owner()]).toEqual([2, expect.any(Number)]);
  const children = childrenOf(supervisor.pid ?? 0);
  const exit = once(supervisor, "exit");
  supervisor.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
  expect(children.filter(isThere)).toEqual([]);
});

test("a supervisor that is killed leaves no process behind", { timeout: 60_000 }, async () => {
  const { supervisor } = await startFleet(2, "sqlite", patterns);
  const children = childrenOf(supervisor.pid ?? 0);
  expect(children).toHaveLength(3);
  supervisor.kill("SIGKILL");
  await until(() => children.every((child) => !isThere(child)));
});

interface Info {
  readonly nodes: readonly { readonly num_clients: number }[];
}

function answersAt(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

function isThere(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}
