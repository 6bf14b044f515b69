import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { describe, expect, it, onTestFinished } from "vitest";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));

interface Chaos {
  readonly child: ChildProcess;
  /** Where clients connect, and where it is controlled. */
  readonly through: string;
  readonly control: string;
  /** Waits for a line of its output, and gives back what the groups found. */
  readonly line: (pattern: RegExp) => Promise<readonly string[]>;
}

function start(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, ["--conditions=@tidewire/source", main, "chaos", ...args]);
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function chaos(args: readonly string[]): Promise<Chaos> {
  const child = start(args);
  if (child.stdout === null) throw new Error("the child has no output");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const line = async (pattern: RegExp): Promise<readonly string[]> => {
    for (;;) {
      const next = await lines.next();
      if (next.done === true) throw new Error(`it ended before a line like ${String(pattern)}`);
      const found = pattern.exec(next.value);
      if (found !== null) return found.slice(1);
    }
  };
  const [through = ""] = await line(/^ {2}Chaos {7}(\S+) {2}to/);
  const [control = ""] = await line(/^ {2}Control {5}(http:\S+)\/faults/);
  return { child, through, control, line };
}

/** A Tidewire on a free port; its `ws://` URL. */
async function tidewire(): Promise<string> {
  const tide = createTidewire({ channels: [defineChannel("lobby", { mode: "signal" })] });
  const server = createServer();
  tide.attach(server);
  await tide.start();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.close();
    await tide.stop({ drainMs: 1 });
    server.closeAllConnections();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  onTestFinished(() => socket.close());
  await once(socket, "open");
  return socket;
}

async function echoed(socket: WebSocket, text: string): Promise<unknown> {
  const message = once(socket, "message") as Promise<[MessageEvent<unknown>]>;
  socket.send(text);
  return (await message)[0].data;
}

describe("tidewire chaos", () => {
  it("stands before a real server: a WebSocket goes through it, gets slow and is cut", async () => {
    const url = `${await tidewire()}/echo`;
    const { child, through, control, line } = await chaos(["--to", url, "--slice-bytes", "3", "--direction", "up"]);
    expect(through).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/echo$/);
    await line(/^ {2}Faults {6}all: sliceBytes=3, up only$/);
    const socket = await openSocket(through);
    await line(/^ {2}#1 opened by 127\.0\.0\.1:\d+$/);
    expect(await echoed(socket, "torn into pieces")).toBe("torn into pieces");
    const put = await fetch(`${control}/faults?connection=1`, { method: "PUT", body: '{"delayMs":20,"jitterMs":10}' });
    expect(put.status).toBe(200);
    await line(/^ {2}#1 delayMs=20 jitterMs=10$/);
    expect(await echoed(socket, "late")).toBe("late");
    const closed = once(socket, "close") as Promise<[CloseEvent]>;
    expect(await (await fetch(`${control}/cut`, { method: "POST" })).json()).toEqual({ cut: 1 });
    expect((await closed)[0].code).toBe(1006);
    await line(/^ {2}#1 cut by reset$/);
    await line(/^ {2}#1 closed: cut; \d+ bytes up, \d+ down$/);
    // And the client may come back.
    expect(await echoed(await openSocket(through), "again")).toBe("again");
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("begins with the faults of its flags", async () => {
    const url = new URL(await tidewire());
    const { through, control, line } = await chaos(["--to", url.host, "--refuse", "--cut-every-ms", "60000"]);
    await line(/^ {2}Faults {6}all: refuse cutEveryMs=60000$/);
    const port = Number(through.split(":")[1]);
    await expect(once(connect(port, "127.0.0.1"), "connect")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await fetch(`${control}/faults`, { method: "PUT", body: "{}" });
    await line(/^ {2}all: no faults$/);
    expect(await echoed(await openSocket(`ws://127.0.0.1:${port}/echo`), "in")).toBe("in");
  });

  it.each([
    [["--to", "ftp://localhost"], 78, "--to: expected host:port or a URL of ws://"],
    [["--to", "localhost:1", "--delay-ms", "0"], 78, "delayMs: expected an integer from 1 to 600000, got 0"],
    [["--to", "localhost:1", "--delay-ms", "soon"], 78, 'delayMs: expected an integer from 1 to 600000, got "soon"'],
    [["--to", "localhost:1", "--delay-ms=-5"], 78, "delayMs: expected an integer from 1 to 600000, got -5"],
    [["--to", "localhost:1", "--listen", "70000"], 78, '--listen: expected an integer from 0 to 65535, got "70000"'],
    [["--to", "localhost:1", "--control", ""], 78, '--control: expected an integer from 0 to 65535, got ""'],
    [["--to", "localhost:1", "--direction", "left"], 78, '--direction: expected up or down, got "left"'],
    [["--to", "localhost:1", "--direction", "up", "--hang"], 1, "hang: expected without a direction"],
    [[], 1, "required option '--to <url>' not specified"],
  ])("refuses %j", async (args, code, message) => {
    const child = start(args);
    const said: Buffer[] = [];
    child.stderr?.on("data", (bytes: Buffer) => void said.push(bytes));
    expect(await once(child, "close")).toEqual([code, null]);
    expect(Buffer.concat(said).toString()).toContain(message);
  });
});
