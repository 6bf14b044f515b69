// The supervisor with real processes: a server that is killed comes back, and none is left behind.
import { spawn, type ChildProcess } from "node:child_process";
import path from "node:path";
import { afterEach, expect, test } from "vitest";

const folder = import.meta.dirname;
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** Prints its id and runs until it is told to end, which it does with code 7. */
const server = `
  process.on("SIGTERM", () => process.exit(7));
  setInterval(() => {}, 1e6);
  console.log("pid", process.pid);
`;

function parentScript(serverCode: string, limits: string): string {
  return `
    import { watchOver } from ${JSON.stringify(path.join(folder, "children.mjs"))};
    import { supervise } from ${JSON.stringify(path.join(folder, "serve.mjs"))};
    watchOver();
    const preload = ${JSON.stringify(`--import=${path.join(folder, "with-parent.mjs")}`)};
    const args = [preload, "--eval", ${JSON.stringify(serverCode)}];
    process.exitCode = await supervise(process.execPath, args, ${limits});
  `;
}

interface Running {
  readonly child: ChildProcess;
  readonly lines: string[];
  readonly exit: Promise<number | null>;
  /** Resolves with the first match in what is printed from now on. */
  readonly next: (pattern: RegExp) => Promise<RegExpExecArray>;
}

function run(command: string, args: readonly string[]): Running {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  started.push(child);
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    for (const line of text.split("\n").filter(Boolean)) {
      lines.push(line);
      for (const listener of listeners) listener(line);
    }
  });
  const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
  const next = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve) => {
      const listener = (line: string): void => {
        const found = pattern.exec(line);
        if (!found) return;
        listeners.delete(listener);
        resolve(found);
      };
      listeners.add(listener);
    });
  return { child, lines, exit, next };
}

function supervised(serverCode = server, limits = "{ pauseMs: 10, restarts: 3, windowMs: 60_000 }"): Running {
  return run(process.execPath, ["--input-type=module", "--eval", parentScript(serverCode, limits)]);
}

const pidOf = (line: RegExpExecArray): number => Number(line[1]);

/** Resolves when no process has the id any more. A process tells nobody but its parent, so this one asks. */
async function gone(pid: number): Promise<void> {
  await expect.poll(() => isRunning(pid), { timeout: 10_000, interval: 50 }).toBe(false);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("starts the server again when something else killed it", async () => {
  const parent = supervised();
  const first = pidOf(await parent.next(/^pid (\d+)/));
  const again = parent.next(/^pid (\d+)/);
  process.kill(first, "SIGKILL");
  expect(pidOf(await again)).not.toBe(first);
  expect(parent.lines.filter((line) => line.includes("killed by SIGKILL"))).toHaveLength(1);
});

test("gives up on a server that is killed again and again", async () => {
  const parent = supervised('process.kill(process.pid, "SIGKILL")');
  expect(await parent.exit).toBe(128 + 9);
  expect(parent.lines).toHaveLength(4);
  expect(parent.lines.at(-1)).toContain("giving up");
});

test("passes SIGTERM on, and ends as the server ended", async () => {
  const parent = supervised();
  const pid = pidOf(await parent.next(/^pid (\d+)/));
  parent.child.kill("SIGTERM");
  expect(await parent.exit).toBe(7);
  expect(isRunning(pid)).toBe(false);
});

test("a server that ends by itself is not started again", async () => {
  const parent = supervised("process.exit(3)");
  expect(await parent.exit).toBe(3);
  expect(parent.lines).toEqual([]);
});

test("ends the server when its own parent goes away", async () => {
  // The shell stands for npm's, which dies of a SIGTERM without a word to us. `true` keeps it from becoming us.
  const script = '"$0" --input-type=module --eval "$1"; true';
  const limits = "{ pauseMs: 10, restarts: 3, windowMs: 60_000 }";
  const shell = run("sh", ["-c", script, process.execPath, parentScript(server, limits)]);
  const pid = pidOf(await shell.next(/^pid (\d+)/));
  shell.child.kill("SIGTERM");
  await gone(pid);
});

test("the server ends when the supervisor is killed outright", async () => {
  const parent = supervised();
  const pid = pidOf(await parent.next(/^pid (\d+)/));
  parent.child.kill("SIGKILL");
  await gone(pid);
});
