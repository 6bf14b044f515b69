// The commands of README.md and docs/http.md, as they stand there but for the port, by the real curl.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { EventParser } from "../packages/server/src/testing/event-parser.ts";
import { serve } from "./serving.ts";

const root = path.resolve(import.meta.dirname, "..");

/** The lines that call curl on an address like this; a channel's own unless told otherwise. */
function commandsOf(file: string, address = "/raw/"): readonly string[] {
  const lines = readFileSync(path.join(root, file), "utf8").split("\n");
  return lines.filter((line) => line.startsWith("curl ") && line.includes(address));
}

function hasCurl(): boolean {
  try {
    execFileSync("curl", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

class Command {
  readonly parser = new EventParser();
  output = "";
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  #changed: () => void = () => undefined;

  constructor(command: string, port: number, env: Readonly<Record<string, string>>) {
    // `exec`: so that ending it ends curl.
    const line = `exec ${command.replaceAll("localhost:8080", `127.0.0.1:${port}`)}`;
    this.#child = spawn("sh", ["-c", line], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "ignore"] });
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      this.output += chunk.toString();
      this.parser.feed(chunk);
      this.#changed();
    });
    this.ended = new Promise((resolve) => {
      this.#child.once("close", (code) => {
        resolve(code);
        this.#changed();
      });
    });
    onTestFinished(() => this.end());
  }

  async until(holds: (parser: EventParser) => boolean): Promise<EventParser> {
    while (!holds(this.parser)) {
      if (this.#child.exitCode !== null) throw new Error(`curl has ended: ${this.output}`);
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
    return this.parser;
  }

  async json(): Promise<unknown> {
    expect(await this.ended).toBe(0);
    return JSON.parse(this.output) as unknown;
  }

  end(): void {
    this.#child.kill();
  }
}

const data = (parser: EventParser): string[] => parser.events.map((event) => event.data);

test.skipIf(!hasCurl())("docs/http.md: read, write, write once, go on, look who is here", async () => {
  const { port } = await serve();
  const [read = "", write = "", once = "", resume = "", presence = "", token = "", ...more] =
    commandsOf("docs/http.md");
  expect(more).toEqual([]);
  const run = (command: string, env: Readonly<Record<string, string>> = {}): Command => new Command(command, port, env);

  const reader = run(read);
  const { lastEventId: begin } = await reader.until(({ retryMs }) => retryMs !== null);
  expect(begin).toMatch(/:0$/);
  const first = await run(write).json();
  expect(first).toEqual({ epoch: begin.slice(0, -2), offset: 1, durability: "volatile" });
  const second = await run(once).json();
  expect(second).toEqual({ epoch: begin.slice(0, -2), offset: 2, durability: "volatile" });
  expect(await run(once).json()).toEqual({ ...(second as object), duplicate: true });
  await reader.until(({ events }) => events.length === 2);
  expect(data(reader.parser)).toEqual(["hello", '{"text":"hi"}']);

  const again = run(resume, { ID: begin });
  await again.until(({ events }) => events.length === 2);
  expect(again.parser.events).toEqual(reader.parser.events);
  reader.end();
  await reader.ended;
  const later = run(resume, { ID: reader.parser.events[0]?.lastEventId ?? "" });
  await later.until(({ events }) => events.length === 1);
  expect(data(later.parser)).toEqual(['{"text":"hi"}']);

  expect(await run(presence).json()).toMatchObject({ clients: 2, members: [{ user: "" }, { user: "" }] });
  expect(await run(token, { TOKEN: "t" }).json()).toMatchObject({ offset: 3 });
  for (const stream of [again, later]) await stream.until(({ events }) => events.at(-1)?.data === "hello");
});

test.skipIf(!hasCurl())("docs/http.md: several channels in one stream", async () => {
  const { port, httpUrl } = await serve();
  const [hear = "", ...more] = commandsOf("docs/http.md", "/connection/");
  expect(more).toEqual([]);
  const hearing = new Command(hear, port, {});
  const pushes = (): readonly string[] => hearing.output.split("\n").slice(0, -1);
  await hearing.until(() => pushes().length === 1);
  for (const channel of ["public:hello", "lobby"]) {
    await fetch(`${httpUrl}/raw/${channel}`, { method: "POST", body: "1" });
  }
  await hearing.until(() => pushes().length === 3);
  expect(pushes().map((push) => JSON.parse(push) as unknown)).toMatchObject([
    { connect: { subs: { "public:hello": { offset: 0 }, lobby: {} } } },
    { channel: "public:hello", pub: { data: 1, offset: 1 } },
    { channel: "lobby", pub: { data: 1 } },
  ]);
});

test.skipIf(!hasCurl())("README.md: a reader in one window, a writer in the other", async () => {
  const { port } = await serve();
  const [read = "", write = "", ...more] = commandsOf("README.md");
  expect(more).toEqual([]);
  const reader = new Command(read, port, {});
  await reader.until(({ retryMs }) => retryMs !== null);
  await new Command(write, port, {}).json();
  await reader.until(({ events }) => events.length === 1);
  expect(data(reader.parser)).toEqual(["hello"]);
});

test.skipIf(!hasCurl())("a large body that is refused: curl shows the reason, not a broken connection", async () => {
  const { port } = await serve();
  for (const bytes of [70_000, 900_000, 3_000_000]) {
    const command = `head -c ${bytes} /dev/zero | curl -s --data-binary @- localhost:8080/raw/public:hello`;
    const answer = new Command(`sh -c '${command}'`, port, {});
    expect(await answer.json()).toEqual({
      error: { code: 413, message: "expected a body of at most 65536 bytes" },
    });
  }
});
