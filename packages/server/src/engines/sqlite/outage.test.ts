// The SQLite engine when its disk is full, its worker dies or hangs, or too much is asked of it.
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { describe, expect, it, onTestFinished } from "vitest";
import { RecordingSink } from "../../engine/contract/recording-sink.ts";
import type { Ack, Draft, Engine } from "../../engine/engine.ts";
import { systemClock } from "../../ports/clock.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { sqliteEngineOf, type SqliteEngineOptions } from "./sqlite-engine.ts";
import { spawnWorker } from "./worker-link.ts";

const minuteMs = 60_000;
const everything = { publications: 100_000, bytes: Number.MAX_SAFE_INTEGER };

interface Bench {
  readonly engine: Engine;
  readonly sink: RecordingSink;
  readonly clock: FakeClock;
  /** The thread that runs now. */
  readonly worker: () => Worker;
}

async function started(options: Partial<SqliteEngineOptions> = {}): Promise<Bench> {
  const clock = new FakeClock({ defer: (act) => systemClock.defer(act) });
  const workers: Worker[] = [];
  const path = join(temporaryFolder(), "log.db");
  const engine = sqliteEngineOf({ path, clock, ...options }, (given) => {
    const worker = spawnWorker(given);
    workers.push(worker);
    return worker;
  });
  const sink = new RecordingSink();
  onTestFinished(() => engine.stop());
  await engine.start(sink);
  const worker = (): Worker => workers.at(-1) ?? expect.fail("a worker was expected");
  return { engine, sink, clock, worker };
}

function draftOf(bytes: number, more: { ttlMs?: number; idempotencyKey?: string } = {}): Draft {
  const { ttlMs = 60 * minuteMs, ...rest } = more;
  return {
    kind: "value",
    body: { data: new Uint8Array(bytes), form: "bytes" },
    retention: { size: 100_000, ttlMs },
    ...rest,
  };
}

const passing: Draft = { kind: "value", body: { data: new Uint8Array(1), form: "bytes" }, retention: null };

function acksOf(outcomes: readonly PromiseSettledResult<Ack>[]): Ack[] {
  return outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
}

function reasonsOf(outcomes: readonly PromiseSettledResult<unknown>[]): Set<unknown> {
  return new Set(
    outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [(outcome.reason as { reason: string }).reason] : [],
    ),
  );
}

/** Publishes until the store is full, and returns what was acked. */
async function fill(engine: Engine, bytes: number): Promise<Ack[]> {
  const acks: Ack[] = [];
  for (;;) {
    const outcomes = await Promise.allSettled([
      engine.publish("news", draftOf(bytes)),
      engine.publish("more", draftOf(9)),
    ]);
    acks.push(...acksOf(outcomes));
    if (acksOf(outcomes).length < 2) {
      expect(reasonsOf(outcomes)).toEqual(new Set(["engine_unavailable"]));
      return acks;
    }
  }
}

/** What was acked and nothing else is there, each where its ack said. */
async function expectExactly(engine: Engine, acks: readonly Ack[]): Promise<void> {
  for (const channel of ["news", "more"]) {
    const { publications, top } = await engine.read(channel, "oldest", everything);
    const ids = new Set(acks.map(({ publication }) => publication?.id));
    expect(publications.filter(({ id }) => !ids.has(id))).toEqual([]);
    expect(publications.map(({ offset }) => offset)).toEqual(publications.map((_, index) => index + 1));
    expect(top.offset).toBe(publications.length);
  }
}

describe("a full disk", () => {
  it("refuses publishes for certain, keeps history readable, and heals when there is room", async () => {
    const { engine, sink, clock } = await started({ maxFileBytes: 400_000 });
    await engine.follow("news");
    const acks = await fill(engine, 8_000);
    expect(acks.length).toBeGreaterThan(20);
    expect(sink.healths).toEqual(["down"]);
    await expectExactly(engine, acks);
    await expect(engine.publish("news", draftOf(1))).rejects.toMatchObject({ reason: "engine_unavailable" });
    expect(await engine.publish("news", passing)).toMatchObject({ position: { offset: 0 } });
    clock.advance(61 * minuteMs);
    await sink.until(() => sink.suspects.length > 0);
    expect([sink.healths, sink.suspects]).toEqual([["down", "up"], ["all"]]);
    const [top] = await engine.tops(["news"]);
    const next = await engine.publish("news", draftOf(8_000));
    expect(next.position).toEqual({ epoch: top?.epoch, offset: (top?.offset ?? 0) + 1 });
    expect(sink.of("news").filter(({ offset }) => offset > 0)).toHaveLength(next.position.offset);
  });

  it("stays down while there is no room, and asks ever more seldom", async () => {
    const { engine, sink, clock, worker } = await started({ maxFileBytes: 300_000 });
    await fill(engine, 8_000);
    let probes = 0;
    for (; probes < 5; probes += 1) {
      const answered = new Promise((resolve) => worker().once("message", resolve));
      clock.advance(2_000);
      await answered;
    }
    expect(sink.healths).toEqual(["down"]);
    expect(await engine.tops(["news"])).toMatchObject([{ offset: expect.any(Number) as number }]);
  });

  it("opens a database on a full disk, to read it", async () => {
    const path = join(temporaryFolder(), "log.db");
    const first = await started({ path, maxFileBytes: 300_000 });
    const acks = await fill(first.engine, 8_000);
    await first.engine.stop();
    const { engine } = await started({ path, maxFileBytes: 1 });
    await expectExactly(engine, acks);
  });

  it("is survived on a real file system without space", async (context) => {
    const folder = temporaryFolder();
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], { stdio: "ignore" });
    } catch {
      context.skip("needs the right to mount a small file system");
    }
    onTestFinished(() => void execFileSync("umount", ["-l", folder]));
    const { engine, sink, clock } = await started({ path: join(folder, "log.db") });
    const ballast = join(folder, "ballast");
    writeFileSync(ballast, new Uint8Array(1_000_000));
    const acks = await fill(engine, 20_000);
    expect(sink.healths).toEqual(["down"]);
    await expectExactly(engine, acks);
    rmSync(ballast);
    clock.advance(2_000);
    await sink.until(() => sink.healths.includes("up"));
    acks.push(await engine.publish("news", draftOf(20_000)));
    await expectExactly(engine, acks);
    await engine.stop();
    await engine.start(sink);
    await expectExactly(engine, acks);
  });
});

describe("a worker that dies", () => {
  it("leaves pending publishes indeterminate, and is replaced", async () => {
    const { engine, sink, clock, worker } = await started();
    const { epoch } = await engine.follow("news");
    await engine.follow("quiet");
    const [quiet] = await engine.tops(["quiet"]);
    const acks = acksOf(await Promise.allSettled([engine.publish("news", draftOf(10, { idempotencyKey: "before" }))]));
    const pending = Array.from({ length: 2_000 }, () => engine.publish("news", draftOf(10)));
    const reading = engine.tops(["news"]);
    const settled = Promise.allSettled(pending);
    // After the turn in which they are posted.
    await new Promise<void>((resolve) => systemClock.defer(resolve));
    await worker().terminate();
    const outcomes = await settled;
    acks.push(...acksOf(outcomes));
    expect([...reasonsOf(outcomes)].filter((reason) => reason !== "indeterminate")).toEqual([]);
    await Promise.allSettled([reading]);
    expect(sink.healths).toEqual(["down"]);
    await expect(engine.publish("news", draftOf(1))).rejects.toMatchObject({ reason: "engine_unavailable" });
    await expect(engine.tops(["news"])).rejects.toMatchObject({ reason: "engine_unavailable" });
    clock.advance(100);
    await sink.until(() => sink.healths.includes("up"));
    expect(sink.suspects).toEqual(["all"]);
    const { publications, top } = await engine.read("news", "oldest", everything);
    expect(top.epoch).toBe(epoch);
    for (const { position, publication } of acks) expect(publications[position.offset - 1]).toEqual(publication);
    const heard = sink.of("news").length;
    expect(await engine.publish("news", draftOf(10))).toMatchObject({ position: { epoch, offset: top.offset + 1 } });
    expect(sink.of("news")).toHaveLength(heard + 1);
    expect(await engine.publish("news", draftOf(10, { idempotencyKey: "before" }))).toMatchObject({ duplicate: true });
    expect(await engine.tops(["quiet"])).toEqual([quiet]);
  });

  it("is replaced again and again, and a stop in between ends it", async () => {
    const { engine, sink, clock, worker } = await started();
    for (let round = 1; round <= 3; round += 1) {
      await worker().terminate();
      await sink.until(() => sink.healths.filter((health) => health === "down").length === round);
      clock.advance(5_000);
      await sink.until(() => sink.healths.filter((health) => health === "up").length === round);
      expect(await engine.publish("news", draftOf(1))).toMatchObject({ position: { offset: round } });
    }
    await worker().terminate();
    await engine.stop();
    expect(clock.pending).toBe(0);
    await engine.start(sink);
    expect(await engine.publish("news", draftOf(1))).toMatchObject({ position: { offset: 4 } });
  });
});

describe("a worker that hangs", () => {
  it("ends what waits as indeterminate within seconds; what it did all the same is announced", async () => {
    const { engine, sink, clock, worker } = await started();
    await engine.follow("news");
    await engine.follow("typing");
    await engine.publish("news", draftOf(1));
    const held = holdMessages(worker());
    const publish = Promise.allSettled([engine.publish("news", draftOf(1)), engine.tops(["news"])]);
    for (let tick = 0; tick < 5; tick += 1) {
      await new Promise<void>((resolve) => systemClock.defer(() => systemClock.defer(resolve)));
      clock.advance(500);
    }
    expect(reasonsOf(await publish)).toEqual(new Set(["indeterminate", "engine_unavailable"]));
    expect(sink.healths).toEqual(["down"]);
    await expect(engine.publish("news", draftOf(1))).rejects.toMatchObject({ reason: "engine_unavailable" });
    // Nobody needs the worker for what is not kept, unless it would overtake something.
    expect(await engine.publish("typing", passing)).toMatchObject({ position: { offset: 0 } });
    await expect(engine.publish("news", passing)).rejects.toMatchObject({ reason: "engine_unavailable" });
    held.release();
    await sink.until(() => sink.of("news").length === 2);
    expect([sink.healths, sink.suspects]).toEqual([["down", "up"], ["all"]]);
    expect(await engine.publish("news", draftOf(1))).toMatchObject({ position: { offset: 3 } });
  });
});

describe("too much at once", () => {
  it("is refused as overloaded above 10,000 requests, and the others are done", async () => {
    const { engine } = await started();
    const outcomes = await Promise.allSettled(Array.from({ length: 10_050 }, () => engine.publish("news", draftOf(1))));
    expect(acksOf(outcomes)).toHaveLength(10_000);
    expect(reasonsOf(outcomes)).toEqual(new Set(["overloaded"]));
    expect(await engine.publish("news", draftOf(1))).toMatchObject({ position: { offset: 10_001 } });
  });

  it("is refused above 64 MiB, and what can never pass says so", async () => {
    const { engine } = await started();
    const mebibyte = 1_048_576;
    const outcomes = await Promise.allSettled(
      Array.from({ length: 66 }, () => engine.publish("news", draftOf(mebibyte))),
    );
    expect(acksOf(outcomes)).toHaveLength(64);
    expect(reasonsOf(outcomes)).toEqual(new Set(["overloaded"]));
    await expect(engine.publish("news", draftOf(65 * mebibyte))).rejects.toMatchObject({ reason: "too_large" });
  });

  it("is committed in few commits", async () => {
    const { engine, worker } = await started();
    let answers = 0;
    worker().on("message", () => (answers += 1));
    await Promise.all(Array.from({ length: 5_000 }, (_, n) => engine.publish(`c${n % 100}`, draftOf(100))));
    expect(answers).toBeLessThan(10);
  });

  it("becomes one commit, also when it came in many turns during the last one", async () => {
    const { engine, worker } = await started();
    let answers = 0;
    worker().on("message", () => (answers += 1));
    const held = holdMessages(worker());
    const acks: Promise<Ack>[] = [];
    for (let turn = 0; turn < 100; turn += 1) {
      acks.push(engine.publish("news", draftOf(1)));
      await new Promise<void>((resolve) => systemClock.defer(resolve));
    }
    held.release();
    expect((await Promise.all(acks)).map(({ position }) => position.offset)).toEqual(acks.map((_, n) => n + 1));
    expect(answers).toBeLessThan(50);
  });
});

/** Keeps what is posted to the worker, as if it were busy with something else. */
function holdMessages(worker: Worker): { release: () => void } {
  const post = worker.postMessage.bind(worker);
  const held: Parameters<typeof post>[] = [];
  worker.postMessage = (...message: Parameters<typeof post>) => void held.push(message);
  return {
    release: () => {
      worker.postMessage = post;
      for (const message of held) post(...message);
    },
  };
}
