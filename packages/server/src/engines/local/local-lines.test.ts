// What happens on the line between worker and owner: garbage, other versions, silence, and an owner that comes back.
import { once } from "node:events";
import { chmodSync, mkdirSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { RecordingSink } from "../../engine/contract/recording-sink.ts";
import type { Engine } from "../../engine/engine.ts";
import type { MembersNews } from "../../engine/members.ts";
import { systemClock } from "../../ports/clock.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { memoryEngine } from "../memory/memory-engine.ts";
import { localEngine } from "./local-engine.ts";
import { type LocalOwner, localOwner } from "./owner.ts";
import { encodeRecord, maxRecordBytes, RecordReader } from "./records.ts";

const retention = { size: 100, ttlMs: 60_000 };
const value = (text: string) =>
  ({ kind: "value", body: { data: new TextEncoder().encode(text), form: "text" }, retention }) as const;

const socketPath = (): string => join(temporaryFolder(), "owner", "socket");

async function ownerAt(path: string, engine: Engine = memoryEngine()): Promise<LocalOwner> {
  const owner = localOwner({ engine, path });
  await owner.start();
  onTestFinished(() => owner.stop());
  return owner;
}

interface Worker {
  readonly engine: Engine;
  readonly sink: RecordingSink;
  readonly told: string[];
}

async function workerAt(path: string, clock = systemClock): Promise<Worker> {
  const engine = localEngine({ path, clock });
  const sink = new RecordingSink();
  const told: string[] = [];
  engine.traits.members?.listen((channel, news) => told.push(`${channel} ${shownNews(news)}`));
  await engine.start(sink);
  onTestFinished(() => engine.stop());
  return { engine, sink, told };
}

function shownNews(news: MembersNews): string {
  if (news.kind === "all") return `all ${news.members.map(({ session }) => session).join("+")}`;
  return `${news.kind} ${news.kind === "join" ? news.member.session : news.session}`;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => void setImmediate(resolve));
}

/** Everything that comes on a socket, until it is closed. */
async function talk(path: string, bytes: Uint8Array): Promise<readonly unknown[]> {
  const socket = createConnection(path);
  const reader = new RecordReader();
  socket.on("data", (piece: Buffer) => reader.add(piece));
  socket.on("error", () => undefined);
  socket.write(bytes);
  await once(socket, "close");
  const headers: unknown[] = [];
  for (let next = reader.next(); next !== null; next = reader.next()) headers.push(next.header);
  return headers;
}

const hello = encodeRecord({ kind: "hello", version: 1, node: "n" });
const sized = (length: number, header: number): Buffer => {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32LE(length, 0);
  bytes.writeUInt32LE(header, 4);
  return bytes;
};

describe("garbage on the owner's socket", () => {
  const cases: [string, Uint8Array][] = [
    ["another protocol", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
    ["a record that is too large", sized(maxRecordBytes + 1, 4)],
    ["a record without a header", sized(3, 0)],
    ["a header that is longer than its record", sized(20, 21)],
    ["a header that is no JSON", Buffer.concat([sized(8, 4).subarray(0, 8), Buffer.from("{{{{")])],
    ["a header that is no object", encodeRecord([])],
    ["no hello", encodeRecord({ kind: "ping", n: 1 })],
    ["two of them", Buffer.concat([hello, hello])],
    ...Object.entries({
      "a word that is none": { kind: "constructor" },
      "no number": { kind: "ping" },
      "no channel": { kind: "follow", n: 1 },
      "no member": { kind: "join", channel: "c", member: { session: 1 } },
      "no draft": { kind: "publish", n: 1, channel: "c", draft: { kind: "toString" } },
      "no form": { kind: "publish", n: 1, channel: "c", draft: { kind: "value", body: { form: "xml" }, retention } },
      "no tags": {
        kind: "publish",
        n: 1,
        channel: "c",
        draft: { kind: "value", body: { form: "text", tags: { a: 1 } }, retention },
      },
      "no retention": {
        kind: "publish",
        n: 1,
        channel: "c",
        draft: { kind: "value", body: { form: "text" }, retention: {} },
      },
      "no limit": { kind: "read", n: 1, channel: "c", start: "newest", limit: { publications: -1, bytes: 1 } },
      "no start": { kind: "read", n: 1, channel: "c", start: { after: {} }, limit: { publications: 1, bytes: 1 } },
    }).map(([name, word]): [string, Uint8Array] => [name, Buffer.concat([hello, encodeRecord(word)])]),
  ];

  it.each(cases)("%s is refused and counted, and the owner lives", async (_, bytes) => {
    const path = socketPath();
    const owner = await ownerAt(path);
    const { engine } = await workerAt(path);
    await talk(path, bytes);
    expect(owner.refused).toBe(1);
    expect((await engine.publish("c", value("on"))).position.offset).toBe(1);
    expect(owner.workers).toBe(1);
  });

  it("another version is told so, and its engine does not start", async () => {
    const path = socketPath();
    const owner = await ownerAt(path);
    const said = await talk(path, encodeRecord({ kind: "hello", version: 2, node: "n" }));
    expect(said).toEqual([{ kind: "refused", message: "the owner of the log speaks version 1, not 2" }]);
    expect([owner.refused, owner.workers]).toEqual([1, 0]);
  });
});

describe("the owner's folder", () => {
  it("is not used when others may enter it", async () => {
    const path = socketPath();
    mkdirSync(dirname(path));
    chmodSync(dirname(path), 0o755);
    await expect(localOwner({ engine: memoryEngine(), path }).start()).rejects.toThrow(/nobody else may enter/);
  });

  it("has one owner", async () => {
    const path = socketPath();
    await ownerAt(path);
    await expect(localOwner({ engine: memoryEngine(), path }).start()).rejects.toThrow(/another process owns the log/);
  });
});

describe("an owner that is gone", () => {
  it("ends what was asked, says that it is down, and is followed again when it is back", async () => {
    const path = socketPath();
    const kept = memoryEngine();
    const first = localOwner({ engine: kept, path });
    await first.start();
    const { engine, sink } = await workerAt(path);
    await engine.follow("news");
    const { position } = await engine.publish("news", value("1"));
    await first.stop();
    await until(() => sink.healths.includes("down"));
    await expect(engine.publish("news", value("2"))).rejects.toMatchObject({ reason: "engine_unavailable" });
    await ownerAt(path);
    await until(() => sink.healths.includes("up"));
    expect(sink.suspects).toContain("all");
    const again = await engine.publish("news", value("3"));
    expect(again.position.epoch).not.toBe(position.epoch);
    await until(() => sink.of("news").length === 2);
  });

  it("is a start that fails, when none comes", async () => {
    const clock = new FakeClock({ defer: (act) => systemClock.defer(act) });
    const starting = localEngine({ path: socketPath(), clock }).start(new RecordingSink());
    clock.advance(10_000);
    await expect(starting).rejects.toThrow(/no owner of the log came/);
  });
});

/** An owner that says what the test has it say. */
async function scripted(
  path: string,
): Promise<{ readonly server: Server; readonly lines: Socket[]; say(header: object): void }> {
  const lines: Socket[] = [];
  mkdirSync(dirname(path));
  const server = createServer((socket) => {
    lines.push(socket);
    socket.on("error", () => undefined);
    socket.resume();
    socket.write(encodeRecord({ kind: "welcome", traits: { durability: "fsync", survivesRestart: true }, isUp: true }));
  });
  server.listen(path);
  await once(server, "listening");
  onTestFinished(() => {
    for (const line of lines) line.destroy();
    server.close();
  });
  return { server, lines, say: (header) => void lines.at(-1)?.write(encodeRecord(header)) };
}

describe("an owner that says nothing", () => {
  it("for two seconds is down: what left this process is indeterminate, what did not is rejected", async () => {
    const path = socketPath();
    const owner = await scripted(path);
    const clock = new FakeClock({ defer: (act) => systemClock.defer(act) });
    const { engine, sink } = await workerAt(path, clock);
    const left = engine.publish("c", value("1"));
    const read = engine.read("c", "newest", { publications: 1, bytes: 1 });
    const outcomes = Promise.all([
      expect(left).rejects.toMatchObject({ reason: "indeterminate" }),
      expect(read).rejects.toMatchObject({ reason: "engine_unavailable" }),
    ]);
    for (let tick = 0; tick < 4; tick += 1) {
      clock.advance(500);
      await new Promise((resolve) => void setImmediate(resolve));
    }
    await outcomes;
    expect([engine.traits.durability, sink.healths]).toEqual(["fsync", ["down"]]);
    await expect(engine.publish("c", value("2"))).rejects.toMatchObject({ reason: "engine_unavailable" });
    owner.say({ kind: "health", state: "up" });
    await until(() => sink.healths.includes("up"));
  });

  it("and breaks in the turn of a publish: what was not written is rejected", async () => {
    const path = socketPath();
    const { lines } = await scripted(path);
    const held: (() => void)[] = [];
    const clock = { ...systemClock, defer: (act: () => void) => void held.push(act) };
    const { engine, sink } = await workerAt(path, clock);
    const publishing = engine.publish("c", value("1"));
    const outcome = expect(publishing).rejects.toMatchObject({ reason: "engine_unavailable" });
    lines[0]?.destroy();
    await until(() => sink.healths.includes("down"));
    await outcome;
  });
});

describe("members", () => {
  it("are the same for all workers, and those of a dead one go", async () => {
    const path = socketPath();
    await ownerAt(path);
    const [one, two] = [await workerAt(path), await workerAt(path)];
    const members = one.engine.traits.members;
    members?.add("room", { session: "a", user: "ann" });
    await one.engine.tops(["room"]);
    await two.engine.follow("room");
    members?.add("room", { session: "b", user: "bob" });
    members?.remove("room", "a");
    await until(() => two.told.length === 3);
    expect(two.told).toEqual(["room all a", "room join b", "room leave a"]);
    expect(await two.engine.traits.members?.list("room")).toEqual([{ session: "b", user: "bob" }]);
    // One's own are not told, nor listed.
    await one.engine.follow("room");
    expect([one.told, await members?.list("room")]).toEqual([["room all "], []]);
    await one.engine.stop();
    await until(() => two.told.length === 4);
    expect(two.told[3]).toBe("room leave b");
  });

  it("are told again to an owner that is new", async () => {
    const path = socketPath();
    const first = localOwner({ engine: memoryEngine(), path });
    await first.start();
    const [one, two] = [await workerAt(path), await workerAt(path)];
    one.engine.traits.members?.add("room", { session: "a", user: "ann" });
    await one.engine.tops(["room"]);
    await two.engine.follow("room");
    await first.stop();
    await ownerAt(path);
    await until(() => two.told.slice(1).some((line) => line === "room all a" || line === "room join a"));
  });
});

describe("leases", () => {
  it("are one worker's at a time, and a fence is refused when it is no longer the newest", async () => {
    const path = socketPath();
    await ownerAt(path);
    const [one, two] = [await workerAt(path), await workerAt(path)];
    const forever = new AbortController().signal;
    const first = await one.engine.traits.cluster?.hold("c", forever);
    let isSecond = false;
    const second = two.engine.traits.cluster?.hold("c", forever).then((lease) => ((isSecond = true), lease));
    await two.engine.tops(["c"]);
    expect(isSecond).toBe(false);
    const { fence } = first ?? { fence: -1 };
    expect((await one.engine.publish("c", { ...value("mine"), fence })).position.offset).toBe(1);
    first?.release();
    const next = await second;
    await expect(one.engine.publish("c", { ...value("late"), fence })).rejects.toMatchObject({ reason: "conflict" });
    expect((await two.engine.publish("c", { ...value("mine"), fence: next?.fence ?? 0 })).position.offset).toBe(2);
  });

  it("go to the next when their holder is gone, and are lost with the owner", async () => {
    const path = socketPath();
    const owner = await ownerAt(path);
    const [one, two] = [await workerAt(path), await workerAt(path)];
    const forever = new AbortController().signal;
    await one.engine.traits.cluster?.hold("c", forever);
    const second = two.engine.traits.cluster?.hold("c", forever);
    await two.engine.tops(["c"]);
    await one.engine.stop();
    const lease = await second;
    expect(lease?.lost.aborted).toBe(false);
    await owner.stop();
    await until(() => lease?.lost.aborted === true);
  });

  it("are not waited for any longer by whoever said so", async () => {
    const path = socketPath();
    await ownerAt(path);
    const [one, two] = [await workerAt(path), await workerAt(path)];
    const giving = new AbortController();
    const first = await one.engine.traits.cluster?.hold("c", new AbortController().signal);
    const second = two.engine.traits.cluster?.hold("c", giving.signal);
    giving.abort();
    await expect(second).rejects.toThrow(/nobody waits/);
    first?.release();
    const third = await one.engine.traits.cluster?.hold("c", new AbortController().signal);
    expect(third?.fence).toBeGreaterThan(first?.fence ?? Infinity);
  });
});

describe("questions", () => {
  it("reach one node, or all others; a node that is not there gives null, one that fails nothing", async () => {
    const path = socketPath();
    await ownerAt(path);
    const nodes = ["x", "y", "z"].map((name) => {
      const engine = localEngine({ path });
      engine.traits.cluster?.listen(name, async (question) => {
        if (name === "z") throw new Error("no");
        return Buffer.concat([Buffer.from(`${name}:`), question]);
      });
      return engine;
    });
    for (const engine of nodes) {
      await engine.start(new RecordingSink());
      onTestFinished(() => engine.stop());
    }
    const [cluster] = nodes.map((engine) => engine.traits.cluster);
    const shown = (answer: Uint8Array | null | undefined): string | null =>
      (answer && Buffer.from(answer).toString()) || null;
    expect(shown(await cluster?.ask("y", Buffer.from("hi")))).toBe("y:hi");
    expect([await cluster?.ask("w", Buffer.from("hi")), await cluster?.ask("z", Buffer.from("hi"))]).toEqual([
      null,
      null,
    ]);
    expect((await cluster?.askAll(Buffer.from("all")))?.map(shown)).toEqual(["y:all"]);
  });
});
