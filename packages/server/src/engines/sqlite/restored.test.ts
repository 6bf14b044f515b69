// A database that came back older, or from elsewhere: its offsets may mean something else by now, so epochs end (S8).
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { RecordingSink } from "../../engine/contract/recording-sink.ts";
import type { Ack, Draft, Engine } from "../../engine/engine.ts";
import { startChild } from "../../testing/child.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { Mark } from "./mark.ts";
import { sqliteEngine } from "./sqlite-engine.ts";

const everything = { publications: 100_000, bytes: Number.MAX_SAFE_INTEGER };
const retention = { size: 100_000, ttlMs: 3_600_000 };

function draftOf(text: string, idempotencyKey?: string): Draft {
  const body = { data: new TextEncoder().encode(text), form: "text" } as const;
  const draft = { kind: "value", body, retention } as const;
  return idempotencyKey === undefined ? draft : { ...draft, idempotencyKey };
}

function newPath(): string {
  return join(temporaryFolder(), "log.db");
}

/** One life of an engine on a file. */
async function life<Result>(path: string, live: (engine: Engine) => Promise<Result>): Promise<Result> {
  const engine = sqliteEngine({ path });
  onTestFinished(() => engine.stop());
  await engine.start(new RecordingSink());
  const result = await live(engine);
  await engine.stop();
  return result;
}

function say(path: string, count: number): Promise<Ack[]> {
  return life(path, (engine) =>
    Promise.all(Array.from({ length: count }, (_, n) => engine.publish("news", draftOf(`${n}`)))),
  );
}

function epochOf(path: string, channel = "news"): Promise<string> {
  return life(path, async (engine) => (await engine.tops([channel]))[0]?.epoch ?? "");
}

/** What people copy when they make a backup: the file, with or without what lies beside it. */
function copy(from: string, to: string, suffixes = ["", "-wal"]): void {
  mkdirSync(dirname(to), { recursive: true });
  for (const suffix of suffixes) if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
}

describe("a database is the same again", () => {
  it("after a stop, and after many", async () => {
    const path = newPath();
    const [first] = await say(path, 3);
    for (let round = 0; round < 3; round += 1) {
      expect(await epochOf(path)).toBe(first?.position.epoch);
      expect((await say(path, 2))[0]?.position.epoch).toBe(first?.position.epoch);
    }
  });

  it("where it was moved together with its mark", async () => {
    const [path, elsewhere] = [newPath(), newPath()];
    const [first] = await say(path, 3);
    copy(path, elsewhere, ["", "-wal", "-mark"]);
    expect(await epochOf(elsewhere)).toBe(first?.position.epoch);
  });

  it("after a start on a full disk, where nothing could be written", async () => {
    const path = newPath();
    const [first] = await say(path, 3);
    const engine = sqliteEngine({ path, maxFileBytes: 1 });
    await engine.start(new RecordingSink());
    await expect(engine.publish("news", draftOf("x".repeat(100_000)))).rejects.toMatchObject({
      reason: "engine_unavailable",
    });
    await engine.stop();
    expect(await epochOf(path)).toBe(first?.position.epoch);
  });

  it("after kill -9 between its first commit and the mark", async () => {
    const path = newPath();
    const [first] = await say(path, 3);
    const mark = new Mark(`${path}-mark`);
    const { name = "", commits = 0 } = mark.read() ?? {};
    mark.write({ name: "before", next: name, commits: commits - 1 });
    mark.close();
    expect(await epochOf(path)).toBe(first?.position.epoch);
  });

  it("after kill -9 at any time", { timeout: 60_000 }, async () => {
    const path = newPath();
    const [first] = await say(path, 1);
    for (const acks of [1, 40, 400]) await writeAndKill(path, acks);
    expect(await epochOf(path)).toBe(first?.position.epoch);
  });
});

describe("a database that went back begins new epochs", () => {
  it("before its first ack, in every channel, and keeps what it has", async () => {
    const path = newPath();
    const backup = newPath();
    await life(path, (engine) => engine.publish("other", draftOf("kept")));
    const acks = await say(path, 105);
    copy(path, backup);
    const [lost] = await say(path, 5);
    const before = await Promise.all(["quiet", "other"].map((channel) => epochOf(path, channel)));
    copy(backup, path);
    await life(path, async (engine) => {
      const tops = await engine.tops(["news", "quiet", "other"]);
      expect(tops.map(({ offset }) => offset)).toEqual([105, 0, 1]);
      const old = lost?.position.epoch ?? "";
      expect(tops.filter(({ epoch }) => epoch === old || before.includes(epoch))).toEqual([]);
      const next = await engine.publish("news", draftOf("next"));
      expect(next.position).toEqual({ epoch: tops[0]?.epoch, offset: 106 });
      // Whoever stands in what was lost is given nothing of what took its place.
      const seen = await engine.read("news", { after: { epoch: old, offset: 106 } }, everything);
      expect(seen).toMatchObject({ publications: [], top: next.position });
      const page = await engine.read("news", "oldest", everything);
      expect(page.publications.slice(0, 105).map(({ id }) => id)).toEqual(acks.map((ack) => ack.publication?.id));
      expect(page.publications.at(-1)?.previous?.id).toBe(acks.at(-1)?.publication?.id);
    });
    expect(await epochOf(path)).not.toBe(lost?.position.epoch);
  });

  it("once for each time, never one that it had", async () => {
    const [path, backup] = [newPath(), newPath()];
    await say(path, 5);
    copy(path, backup);
    const epochs = new Set([await epochOf(path)]);
    for (let round = 1; round <= 3; round += 1) {
      await say(path, 2);
      copy(backup, path);
      const epoch = await epochOf(path);
      expect(await epochOf(path)).toBe(epoch);
      epochs.add(epoch);
      expect(epochs.size).toBe(round + 1);
    }
  });

  it("also when the copy was made while it was written to, and the process was killed", async () => {
    const [path, backup] = [newPath(), newPath()];
    const [first] = await say(path, 1);
    await writeAndKill(path, 400, { at: 100, act: () => copy(path, backup) });
    rmSync(`${path}-wal`, { force: true });
    copy(backup, path);
    expect(await epochOf(path)).not.toBe(first?.position.epoch);
  });

  it("when it was written to elsewhere meanwhile, even if it is further on", async () => {
    const [path, elsewhere] = [newPath(), newPath()];
    const [first] = await say(path, 5);
    copy(path, elsewhere, ["", "-wal", "-mark"]);
    await say(path, 2);
    await say(elsewhere, 10);
    copy(elsewhere, path);
    expect(await epochOf(path)).not.toBe(first?.position.epoch);
  });

  it("when its mark is gone, damaged or another's: then nothing proves anything", async () => {
    const foreign = newPath();
    await say(foreign, 50);
    const damages: ((mark: string) => void)[] = [
      (mark) => rmSync(mark),
      (mark) => writeFileSync(mark, ""),
      (mark) =>
        writeFileSync(
          mark,
          readFileSync(mark).map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
        ),
      (mark) => copyFileSync(`${foreign}-mark`, mark),
    ];
    for (const damage of damages) {
      const path = newPath();
      const [first] = await say(path, 3);
      damage(`${path}-mark`);
      const epoch = await epochOf(path);
      expect(epoch).not.toBe(first?.position.epoch);
      // And from then on it is proven again.
      await say(path, 1);
      expect(await epochOf(path)).toBe(epoch);
    }
  });

  it("and says so in the log", async () => {
    const [path, backup] = [newPath(), newPath()];
    await say(path, 5);
    copy(path, backup);
    await say(path, 5);
    copy(backup, path);
    const warnings: string[] = [];
    const quiet = (): void => undefined;
    const log = { debug: quiet, info: quiet, error: quiet, warn: (line: string) => void warnings.push(line) };
    const engine = sqliteEngine({ path, log });
    onTestFinished(() => engine.stop());
    await engine.start(new RecordingSink());
    expect(warnings).toEqual([expect.stringContaining("older than it was, or another one")]);
  });
});

const code = `
  const [, , url, path] = process.argv;
  const { sqliteEngine } = await import(url);
  const engine = sqliteEngine({ path });
  await engine.start({ announced() {}, suspect() {}, health() {} });
  const body = { data: new Uint8Array(100), form: "bytes" };
  const draft = { kind: "value", body, retention: ${JSON.stringify(retention)} };
  for (;;) {
    await engine.publish("news", draft);
    console.log("acked");
  }`;

/** Lets another process write until so many were acked, then kills it in the middle of more. */
async function writeAndKill(
  path: string,
  acks: number,
  halfway: { readonly at: number; readonly act: () => void } = { at: 0, act: () => undefined },
): Promise<void> {
  const child = startChild(code, [new URL("./sqlite-engine.ts", import.meta.url).href, path]);
  let count = 0;
  for await (const _ of child.lines) {
    count += 1;
    if (count === halfway.at) halfway.act();
    if (count === acks) child.kill();
  }
  await child.gone;
  expect(count).toBeGreaterThanOrEqual(acks);
}
