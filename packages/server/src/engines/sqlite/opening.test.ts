// Which files the SQLite engine opens, and what it says of those it does not.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { RecordingSink } from "../../engine/contract/recording-sink.ts";
import type { Draft, Engine } from "../../engine/engine.ts";
import { startChild } from "../../testing/child.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { openDatabase } from "./database.ts";
import { sqliteEngine } from "./sqlite-engine.ts";

const draft: Draft = {
  kind: "value",
  body: { data: new TextEncoder().encode("kept"), form: "text" },
  retention: { size: 1_000, ttlMs: 3_600_000 },
};
const engineUrl = new URL("./sqlite-engine.ts", import.meta.url).href;

async function opened(path: string): Promise<Engine> {
  const engine = sqliteEngine({ path });
  onTestFinished(() => engine.stop());
  await engine.start(new RecordingSink());
  return engine;
}

it("opens in a program that has no file, as `node --input-type=module -e` runs them", async () => {
  const path = join(temporaryFolder(), "log.db");
  const program = `
    import { sqliteEngine } from ${JSON.stringify(engineUrl)};
    const engine = sqliteEngine({ path: ${JSON.stringify(path)} });
    await engine.start({ announced() {}, suspect() {}, health() {} });
    await engine.stop();
    console.log("opened");`;
  const flags = ["--conditions=@tidewire/source", "--input-type=module", "-e", program];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  expect(stdout.trim()).toBe("opened");
});

/** A database with some hundred publications, closed. */
async function filled(): Promise<string> {
  const path = join(temporaryFolder(), "log.db");
  const engine = await opened(path);
  await Promise.all(Array.from({ length: 500 }, (_, n) => engine.publish(`channel-${n % 50}`, draft)));
  await engine.stop();
  return path;
}

async function refusalOf(path: string): Promise<{ reason: string; message: string }> {
  const [outcome] = await Promise.allSettled([opened(path)]);
  if (outcome.status === "fulfilled") throw new TypeError("a refusal was expected, the engine started");
  return outcome.reason as { reason: string; message: string };
}

describe("sqliteEngine opens", () => {
  it("a file that is not there, in a folder that is not there", async () => {
    const path = join(temporaryFolder(), "some", "where", "log.db");
    await (await opened(path)).publish("news", draft);
    expect(existsSync(path)).toBe(true);
  });

  it("an empty file", async () => {
    const path = join(temporaryFolder(), "log.db");
    writeFileSync(path, "");
    expect(await (await opened(path)).publish("news", draft)).toMatchObject({ position: { offset: 1 } });
  });

  it("its own again, and leaves no write-ahead file behind when it stops", async () => {
    const path = await filled();
    expect(existsSync(`${path}-wal`)).toBe(false);
    const page = await (await opened(path)).read("channel-7", "oldest", { publications: 100, bytes: 1_000 });
    expect(page.publications).toHaveLength(10);
  });

  it("without keeping a process alive that has nothing else to do", async () => {
    const code = `
      const { sqliteEngine } = await import(process.argv[2]);
      const engine = sqliteEngine({ path: process.argv[3] });
      await engine.start({ announced() {}, suspect() {}, health() {} });
      const body = { data: new Uint8Array(1), form: "bytes" };
      const { position } = await engine.publish("news", { kind: "value", body, retention: { size: 1, ttlMs: 1_000 } });
      console.log("acked", position.offset);`;
    const child = startChild(code, [engineUrl, join(temporaryFolder(), "log.db")]);
    const lines: string[] = [];
    for await (const line of child.lines) lines.push(line);
    await child.gone;
    expect(lines).toEqual(["acked 1"]);
  });

  it("no path that is empty", () => {
    expect(() => sqliteEngine({ path: "" })).toThrow(TypeError);
  });
});

describe("sqliteEngine refuses", () => {
  it("a file of another kind, which it leaves as it is", async () => {
    const path = join(temporaryFolder(), "log.db");
    for (const content of ["hello", "x".repeat(100_000)]) {
      writeFileSync(path, content);
      const { reason, message } = await refusalOf(path);
      expect(reason).toBe("engine_unavailable");
      expect(message).toContain(`${path}: a Tidewire database was expected, this is a file of another kind`);
      expect(readFileSync(path, "utf8")).toBe(content);
    }
  });

  it("a folder", async () => {
    const { message } = await refusalOf(temporaryFolder());
    expect(message).toContain("a file that can be read and written was expected");
  });

  it("another program's database, which it leaves as it is", async () => {
    const path = join(temporaryFolder(), "shop.db");
    const foreign = new DatabaseSync(path);
    foreign.exec("CREATE TABLE orders (id INTEGER PRIMARY KEY); INSERT INTO orders VALUES (7)");
    foreign.close();
    const before = readFileSync(path);
    expect((await refusalOf(path)).message).toMatch(
      /a Tidewire database .* was expected.*of another program.*0, 1 table/,
    );
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("a database of a newer Tidewire", async () => {
    const path = await filled();
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 99");
    database.close();
    expect((await refusalOf(path)).message).toMatch(/version 2 or older was expected, this one has version 99/);
  });

  it("a database that is cut short or overwritten in the middle", async () => {
    const short = await filled();
    truncateSync(short, 8_192);
    expect((await refusalOf(short)).message).toMatch(/a whole Tidewire database was expected, this one is damaged/);
    const scribbled = await filled();
    const bytes = readFileSync(scribbled);
    writeFileSync(scribbled, bytes.fill(0xa5, 6 * 4_096, 9 * 4_096));
    expect((await refusalOf(scribbled)).message).toMatch(/a whole Tidewire database was expected, this one is damaged/);
  });

  it("a database that another process has open, until that one is gone", async () => {
    const path = await filled();
    const code = `
      const { sqliteEngine } = await import(process.argv[2]);
      const engine = sqliteEngine({ path: process.argv[3] });
      await engine.start({ announced() {}, suspect() {}, health() {} });
      console.log("open");
      setInterval(() => {}, 1_000_000);`;
    const child = startChild(code, [engineUrl, path]);
    for await (const line of child.lines) if (line === "open") break;
    expect((await refusalOf(path)).message).toMatch(
      /the only user .* was expected, but another process or engine has it/,
    );
    child.kill();
    await child.gone;
    expect(await (await opened(path)).tops(["channel-0"])).toMatchObject([{ offset: 10 }]);
  });

  it("a database that another engine of this process has open, which goes on undisturbed", async () => {
    const path = await filled();
    const first = await opened(path);
    expect((await refusalOf(path)).message).toContain("another process or engine has it open");
    expect((await refusalOf(path)).message).toContain("another process or engine has it open");
    expect(await first.publish("channel-0", draft)).toMatchObject({ position: { offset: 11 } });
  });

  it("to start twice", async () => {
    const engine = await opened(join(temporaryFolder(), "log.db"));
    await expect(engine.start(new RecordingSink())).rejects.toThrow(TypeError);
    await engine.publish("news", draft);
  });
});

describe("a power cut", () => {
  it("finds every commit synced before its ack: the database is opened so", () => {
    const database = openDatabase({ path: join(temporaryFolder(), "log.db"), maxFileBytes: null });
    const pragma = (name: string): unknown => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    const settings = ["journal_mode", "synchronous", "fullfsync", "checkpoint_fullfsync"].map(pragma);
    database.close();
    // 2: FULL, https://sqlite.org/pragma.html#pragma_synchronous
    expect(settings).toEqual(["wal", 2, 1, 1]);
  });
});
