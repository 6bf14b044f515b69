// What happens on the line between worker and owner: garbage, other versions, silence, and an owner that comes back.
import { once } from "node:events";
import type { TidewireError } from "@tidewire/protocol";
import { chmodSync, mkdirSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { RecordingSink } from "../../engine/contract/recording-sink.ts";
import { systemClock } from "../../ports/clock.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { ownerAt, retention, socketPath, until, value, watch, workerAt } from "../../testing/local-trial.ts";
import { memoryEngine } from "../memory/memory-engine.ts";
import { localEngine } from "./local-engine.ts";
import { localOwner } from "./owner.ts";
import { encodeRecord, maxRecordBytes, RecordReader } from "./records.ts";

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

describe("a worker that does not read", () => {
  it("costs the owner no more than a little memory, and is told that it missed something", async () => {
    const path = socketPath();
    await ownerAt(path);
    const { engine } = await workerAt(path);
    const slow = createConnection(path);
    onTestFinished(() => void slow.destroy());
    const reader = new RecordReader();
    const heard: { readonly kind: string }[] = [];
    slow.on("data", (piece: Buffer) => {
      reader.add(piece);
      for (let next = reader.next(); next !== null; next = reader.next()) heard.push(next.header as { kind: string });
    });
    slow.write(Buffer.concat([hello, encodeRecord({ kind: "follow", n: 1, channel: "c" })]));
    await until(() => heard.some(({ kind }) => kind === "done"));
    slow.pause();
    const data = new Uint8Array(1024 * 1024);
    for (let n = 0; n < 64; n += 1) {
      await engine.publish("c", {
        kind: "value",
        body: { data, form: "bytes" },
        retention: { size: 1, ttlMs: 60_000 },
      });
    }
    slow.resume();
    await until(() => heard.some(({ kind }) => kind === "missed"));
    const announced = heard.filter(({ kind }) => kind === "announced").length;
    expect(announced).toBeGreaterThan(8);
    expect(announced).toBeLessThan(40);
  });

  it("nor says anything is cut after ten seconds, and its members and leases are gone", async () => {
    const path = socketPath();
    const clock = new FakeClock({ defer: (act) => systemClock.defer(act) });
    const owner = localOwner({ engine: memoryEngine(), path, clock });
    await owner.start();
    onTestFinished(() => owner.stop());
    const worker = await workerAt(path);
    const { engine, told } = worker;
    await watch(worker, "c");
    const member = { session: "f", user: "frozen" };
    const words = [
      { kind: "join", channel: "c", member },
      { kind: "take", n: 1, channel: "c", ttlMs: 60_000 },
    ];
    const gone = talk(path, Buffer.concat([hello, ...words.map((word) => encodeRecord(word))]));
    await until(() => told.includes("join f"));
    expect(await engine.sources?.take("c", 1_000)).toBe(null);
    for (let second = 0; second < 12; second += 1) {
      // Whoever says something stays.
      await engine.tops(["c"]);
      clock.advance(1_000);
      await new Promise((resolve) => void setImmediate(resolve));
    }
    await gone;
    await until(() => told.includes("leave f"));
    expect(await engine.sources?.take("c", 1_000)).toBeGreaterThan(0);
    expect([owner.workers, owner.refused]).toEqual([1, 1]);
  });
});

it("more questions than an owner answers are refused", async () => {
  const path = socketPath();
  await scripted(path);
  const { engine } = await workerAt(path);
  const asked = Array.from({ length: 10_050 }, () =>
    engine.tops(["c"]).then(
      () => "done",
      (thrown: TidewireError) => thrown.reason,
    ),
  );
  await engine.stop();
  const refused = (await Promise.all(asked)).filter((reason) => reason === "overloaded").length;
  expect(refused).toBeGreaterThan(40);
  expect(refused).toBeLessThanOrEqual(50);
});
