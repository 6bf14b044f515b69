// Processes that are stopped and go on (SIGSTOP, SIGCONT): a server and its readers, for less and for more time than a
// pong may take. Time has to pass here, since what is tried is that it passed for one side alone.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as passing } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { connected, Listener } from "./centrifuge-client.ts";
import { engineNames, engines } from "./engines.ts";
import { freePort, nodeOn, temporaryFile } from "./killable-node.ts";
import type { Line } from "./reading-process.ts";
import { open, serve } from "./serving.ts";

const kinds = ["tidewire", "centrifuge-js"] as const;
/** The shortest that a ping and its pong may be: the protocol counts pings in seconds. */
const hasty = { pingIntervalMs: 1_000, pongTimeoutMs: 300 };

/** A reader in another process, and what it was told so far. */
class Reader {
  readonly lines: Line[] = [];
  readonly #child: ChildProcess;
  #waiting: (() => void)[] = [];

  constructor(kind: (typeof kinds)[number], socketUrl: string, channel: string) {
    const script = fileURLToPath(new URL("reading-process.ts", import.meta.url));
    const args = ["--conditions=@tidewire/source", script, kind, `${socketUrl}/connection/websocket`, channel];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    onTestFinished(() => void child.kill("SIGKILL"));
    createInterface(child.stdout).on("line", (line) => {
      this.lines.push(JSON.parse(line) as Line);
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const resolve of waiting) resolve();
    });
  }

  get heard(): { readonly offset: number; readonly data: unknown }[] {
    return this.lines.flatMap((line) => (line.kind === "heard" ? [{ offset: line.offset, data: line.data }] : []));
  }

  count(kind: Line["kind"]): number {
    return this.lines.filter((line) => line.kind === kind).length;
  }

  get recovered(): boolean[] {
    return this.lines.flatMap((line) => (line.kind === "established" ? [line.recovered] : []));
  }

  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(name);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
  }
}

const expected = (count: number): object[] =>
  Array.from({ length: count }, (_, index) => ({ offset: index + 1, data: index + 1 }));

describe.each(kinds)("a reader with %s that is stopped", (kind) => {
  test.each(engineNames)("for a moment stays connected, and misses nothing (%s)", async (name) => {
    const { socketUrl, tide } = await serve(engines[name]());
    const channel = tide.channel(open, { name: "a" });
    const reader = new Reader(kind, socketUrl, "public:a");
    await reader.until(() => reader.count("established") === 1);
    reader.signal("SIGSTOP");
    for (let n = 1; n <= 50; n += 1) await channel.publish(n);
    await passing(1_000);
    reader.signal("SIGCONT");
    await reader.until(() => reader.heard.length >= 50);
    expect(reader.heard).toEqual(expected(50));
    expect([reader.count("lost"), reader.count("established")]).toEqual([0, 1]);
  });

  test.each(engineNames)(
    "for longer than a pong may take is let go, and recovers (%s)",
    async (name) => {
      const { socketUrl, tide } = await serve({ ...engines[name](), limits: hasty });
      const channel = tide.channel(open, { name: "a" });
      const reader = new Reader(kind, socketUrl, "public:a");
      await reader.until(() => reader.count("established") === 1);
      for (let n = 1; n <= 10; n += 1) await channel.publish(n);
      await reader.until(() => reader.heard.length === 10);
      reader.signal("SIGSTOP");
      await expect.poll(() => tide.stats().sessions, { timeout: 8_000 }).toBe(0);
      expect(tide.stats().counters["closed_no_pong"]).toBe(1);
      for (let n = 11; n <= 50; n += 1) await channel.publish(n);
      reader.signal("SIGCONT");
      await reader.until(() => reader.heard.length >= 50);
      expect(reader.heard).toEqual(expected(50));
      expect(reader.recovered.slice(1)).toEqual([true]);
      expect(reader.count("gap")).toBe(0);
    },
    30_000,
  );
});

describe("a server that is stopped", () => {
  test("for a moment closes nobody; what was published meanwhile is acked, once and in order", async () => {
    const [file, port] = [temporaryFile(), await freePort()];
    const node = await nodeOn(file, port);
    const socketUrl = `ws://127.0.0.1:${port}`;
    const client = await connected(socketUrl);
    const losses: number[] = [];
    client.on("connecting", ({ code }) => losses.push(code));
    const listener = new Listener(client, "public:a");
    await listener.subscription.ready();
    const acks = numbers(1, 20).map((n) => client.publish("public:a", n));
    await Promise.all(acks);
    node.kill("SIGSTOP");
    const pending = numbers(21, 40).map((n) => client.publish("public:a", n));
    await passing(2_500);
    node.kill("SIGCONT");
    await Promise.all(pending);
    await listener.until(({ publications }) => publications.length >= 40);
    expect(listener.values).toEqual(numbers(1, 40));
    expect(listener.offsets).toEqual(numbers(1, 40));
    expect(losses).toEqual([]);
  }, 30_000);

  test("for longer than its clients wait: they are told the truth when it goes on, and nothing acked is lost", async () => {
    const [file, port] = [temporaryFile(), await freePort()];
    const node = await nodeOn(file, port, hasty);
    const socketUrl = `ws://127.0.0.1:${port}`;
    const readers = kinds.map((kind) => new Reader(kind, socketUrl, "public:a"));
    for (const reader of readers) await reader.until(() => reader.count("established") === 1);
    const writer = await connected(socketUrl);
    for (const n of numbers(1, 20)) await writer.publish("public:a", n);
    node.kill("SIGSTOP");
    // Both clients give a server up 10 s after the ping that did not come.
    for (const reader of readers) await reader.until(() => reader.count("lost") > 0);
    node.kill("SIGCONT");
    const later = await connected(socketUrl);
    for (const n of numbers(21, 40)) await later.publish("public:a", n);
    for (const reader of readers) {
      await reader.until(() => reader.heard.length >= 40);
      expect(reader.heard).toEqual(expected(40));
      expect(reader.recovered.slice(1).every((recovered) => recovered)).toBe(true);
      expect(reader.count("established")).toBeGreaterThan(1);
    }
  }, 60_000);
});

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
