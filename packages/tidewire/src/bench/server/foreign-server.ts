// A server's program that we start and that knows nothing of being measured; the system tells what it costs.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** `{port}` in its arguments and environment stands for the port it is to listen on. */
export interface ForeignProgram {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const startMs = 15_000;
const lookMs = 50;
/** Of Linux, on every architecture. */
const ticksPerSecond = 100;

export class ForeignServer {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Resolves when it listens; it ends with this process. @throws {Error} when it does not within 15 s. */
  static async start({ file, args, env }: ForeignProgram): Promise<ForeignServer> {
    const port = await freePort();
    const withPort = (text: string): string => text.replace("{port}", String(port));
    const own = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, withPort(value)]));
    const child = spawn(file, args.map(withPort), {
      env: { ...process.env, ...own },
      stdio: ["ignore", "ignore", "inherit"],
    });
    // What is started by it ends with it: they see that it is gone.
    process.on("exit", () => child.kill("SIGKILL"));
    const ended = once(child, "exit").then(([code]) => Promise.reject(new Error(`${file} ended with ${code}`)));
    // It may end later, when nobody waits for its start any more.
    ended.catch(() => undefined);
    await Promise.race([listening(port, file), ended]);
    return new ForeignServer(child, port);
  }

  /** CPU of each of its processes and all their threads, to 10 ms; `null` where the system does not tell. */
  cpuUs(): ReadonlyMap<number, number> | null {
    const spent = new Map<number, number>();
    for (const processId of this.#processes()) {
      // After the name, which may hold spaces: state, then the fields from the fourth on; proc(5).
      const fields = read(processId, "stat")
        ?.replace(/^.*\) /s, "")
        .split(" ");
      if (fields === undefined) continue;
      spent.set(processId, ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1_000_000);
    }
    return spent.size === 0 ? null : spent;
  }

  /** Of all its processes; what they share is counted in each. */
  residentBytes(): number | null {
    const found = this.#processes().map((processId) => /^VmRSS:\s+(\d+) kB$/m.exec(read(processId, "status") ?? ""));
    if (found.every((each) => each === null)) return null;
    return found.reduce((sum, each) => sum + Number(each?.[1] ?? 0) * 1_024, 0);
  }

  #processes(): readonly number[] {
    const { pid } = this.#child;
    return pid === undefined ? [] : [pid, ...descendantsOf(pid)];
  }
}

function descendantsOf(processId: number): readonly number[] {
  const listed = read(processId, `task/${processId}/children`) ?? "";
  const children = listed.trim().split(/\s+/).filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

function read(processId: number, name: string): string | null {
  try {
    return readFileSync(`/proc/${processId}/${name}`, "utf8");
  } catch {
    return null;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function listening(port: number, file: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < startMs; waitedMs += lookMs) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch {
      await sleep(lookMs);
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`${file}: expected it to listen within ${startMs} ms`);
}
