// What nodes of one engine ask each other: who hears it, who is waited for, and what is refused. A suite for each engine that joins nodes.
import { expect, it, onTestFinished, type TestContext } from "vitest";
import { RecordingSink } from "../packages/server/src/engine/contract/recording-sink.ts";
import type { Engine, EngineCluster } from "../packages/server/src/engine/engine.ts";
import { FakeClock } from "../packages/server/src/testing/fake-clock.ts";
import { RecordedLog } from "./serving.ts";

/** A node that is asked. */
export interface AskedNode {
  readonly engine: Engine;
  readonly cluster: EngineCluster;
  readonly sink: RecordingSink;
  readonly clock: FakeClock;
  readonly log: RecordedLog;
}

export type Answer = (text: string) => Promise<Uint8Array>;

/** Makes an engine on the store. */
export type EngineOn = (options: { readonly clock: FakeClock; readonly log: RecordedLog }) => Engine;

/** What nodes share. */
export interface SharedStore {
  readonly engineOn: EngineOn;
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
}

/** What no node asks, in the words of questions. */
export const poisonedQuestions: readonly string[] = [
  "",
  "q",
  "q y",
  "q y 1",
  "q y x\nhi",
  "q  1\nhi",
  "s y 1\nhi",
  `q ${"y".repeat(65)} 1\n`,
  "q y 1e9\n",
  "\u0000\n",
  "x".repeat(100_000),
];

/** A node by this name that repeats what it is asked behind its name, unless it answers otherwise. */
export async function nodeAt(engineOn: EngineOn, name: string, answer?: Answer): Promise<AskedNode> {
  const [clock, log, sink] = [new FakeClock({ defer: setImmediate }), new RecordedLog(), new RecordingSink()];
  const engine = engineOn({ clock, log });
  const { cluster } = engine;
  if (cluster === undefined) throw new Error("an engine of several nodes was expected");
  const repeat: Answer = (text) => Promise.resolve(Buffer.from(`${name}:${text}`));
  cluster.listen(name, (question) => (answer ?? repeat)(Buffer.from(question).toString()));
  onTestFinished(() => engine.stop());
  await engine.start(sink);
  // By then whoever is there has been met.
  clock.advance(500);
  return { engine, cluster, sink, clock, log };
}

export async function askedAll({ cluster }: AskedNode, text = "hi"): Promise<readonly string[]> {
  return (await cluster.askAll(Buffer.from(text))).map((answer) => Buffer.from(answer).toString()).toSorted();
}

export async function asked({ cluster }: AskedNode, name: string, text = "hi"): Promise<string | null> {
  const answer = await cluster.ask(name, Buffer.from(text));
  return answer === null ? null : Buffer.from(answer).toString();
}

/** Time passes, and the store answers what was asked in it. */
export async function pass({ clock, engine }: AskedNode, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 500) {
    clock.advance(500);
    await engine.tops(["news"]);
    await engine.tops(["news"]);
  }
}

/** Declares the suite: questions … */
export function askingNodes(storeFor: (context: TestContext) => Promise<SharedStore>): void {
  it("reach one node, or all others; a node that is not there gives null, one that fails nothing", async (context) => {
    const { engineOn } = await storeFor(context);
    const [x] = [await nodeAt(engineOn, "x"), await nodeAt(engineOn, "y"), await nodeAt(engineOn, "v")];
    const z = await nodeAt(engineOn, "z", () => Promise.reject(new Error("no")));
    // No clock moves: nobody waits for a deadline.
    expect(await asked(x, "y")).toBe("y:hi");
    expect(await asked(x, "z")).toBeNull();
    for (const name of ["w", "", "a b", "x".repeat(65), "y\n"]) expect(await asked(x, name)).toBeNull();
    expect(await askedAll(x)).toEqual(["v:hi", "y:hi"]);
    expect(await askedAll(z, "\u0000\n")).toEqual(["v:\u0000\n", "x:\u0000\n", "y:\u0000\n"]);
    expect(z.log.troubles[0]?.fields).toMatchObject({ asker: "x", reason: "no" });
  });

  it("do not wait for a node that has gone", async (context) => {
    const { engineOn } = await storeFor(context);
    const [x, y, z] = [await nodeAt(engineOn, "x"), await nodeAt(engineOn, "y"), await nodeAt(engineOn, "z")];
    expect(await askedAll(x)).toEqual(["y:hi", "z:hi"]);
    await y.engine.stop();
    expect(await asked(x, "y")).toBeNull();
    expect(await askedAll(x)).toEqual(["z:hi"]);
    await z.engine.stop();
    expect(await askedAll(x)).toEqual([]);
  });

  it("end after five seconds where a node says nothing", async (context) => {
    const { engineOn } = await storeFor(context);
    const [x] = [await nodeAt(engineOn, "x"), await nodeAt(engineOn, "y")];
    const silent = Promise.withResolvers<Uint8Array>();
    const heard: string[] = [];
    await nodeAt(engineOn, "z", (text) => (heard.push(text), silent.promise));
    let answers: readonly string[] | null = null;
    const asking = Promise.all([askedAll(x, "all"), asked(x, "z", "one")]).then(([all, one]) => {
      expect(one).toBeNull();
      answers = all;
    });
    await expect.poll(() => heard.toSorted()).toEqual(["all", "one"]);
    await pass(x, 4_500);
    expect(answers).toBeNull();
    await pass(x, 500);
    await asking;
    expect(answers).toEqual(["y:all"]);
    // What is said too late is nobody's answer.
    silent.resolve(Buffer.from("late"));
    expect(await asked(x, "y")).toBe("y:hi");
  });

  it("fail where the store has gone, and are heard again when it is back", async (context) => {
    const { engineOn, kill, start } = await storeFor(context);
    const x = await nodeAt(engineOn, "x");
    const silent = Promise.withResolvers<Uint8Array>();
    const heard: string[] = [];
    const y = await nodeAt(engineOn, "y", (text) => {
      heard.push(text);
      return text === "wait" ? silent.promise : Promise.resolve(Buffer.from("y"));
    });
    const asking = expect(x.cluster.askAll(Buffer.from("wait"))).rejects.toMatchObject({
      reason: "engine_unavailable",
    });
    await expect.poll(() => heard).toEqual(["wait"]);
    await kill();
    await asking;
    await expect(x.cluster.ask("y", Buffer.from("hi"))).rejects.toMatchObject({ reason: "engine_unavailable" });
    await start();
    for (const { clock, sink } of [x, y]) {
      await sink.until(() => sink.healths.includes("down"));
      clock.advance(100);
      await expect.poll(() => (clock.advance(50), sink.healths.at(-1)), { timeout: 10_000 }).toBe("up");
    }
    for (const { clock } of [x, y]) clock.advance(500);
    expect(await askedAll(x)).toEqual(["y"]);
  });

  it("are bounded: what is too large is refused on both sides", async (context) => {
    const { engineOn } = await storeFor(context);
    const x = await nodeAt(engineOn, "x");
    const y = await nodeAt(engineOn, "y", (text) => Promise.resolve(Buffer.alloc(Number(text))));
    await expect(x.cluster.askAll(Buffer.alloc(8 * 1024 * 1024 + 1))).rejects.toMatchObject({ reason: "too_large" });
    expect((await x.cluster.ask("y", Buffer.from(`${8 * 1024 * 1024}`)))?.byteLength).toBe(8 * 1024 * 1024);
    expect(await x.cluster.ask("y", Buffer.from(`${8 * 1024 * 1024 + 1}`))).toBeNull();
    expect(y.log.troubles).toMatchObject([{ message: "an answer to another node is too large" }]);
  });
}
