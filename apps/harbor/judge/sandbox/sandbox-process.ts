// Starts the sandbox's process with nothing of ours in it: no environment, no file but its own, little memory, a low priority,
// and an end that the kernel sees to.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import type { Readable, Writable } from "node:stream";

const ownMain = path.join(import.meta.dirname, "main.ts");
const heapMb = 96;
/** A tenth of what the server gets, where it wants it: less, and on a busy machine nobody's program would be run. */
const niceness = 10;
/** Of the main thread's own stack, in kilobytes: QuickJS's 256 are several thousand frames of the host. */
const hostStackKb = 3_900;

export type SandboxProcess = ChildProcessByStdio<Writable, Readable, null>;

/**
 * @param cpuSeconds Processor time after which the kernel ends it, should nobody be left who does.
 * @param main What it runs, as Node's arguments.
 */
export function startSandbox(cpuSeconds: number, main: readonly string[] = [ownMain]): SandboxProcess {
  const program = [process.execPath, ...flags(), ...main];
  const [command = "", ...args] = process.platform === "win32" ? program : bounded(program, cpuSeconds);
  // In the session of its worker, which is the server's: below Linux' autogroups a session of its own would have as much of the
  // processors as all of ours, whatever its priority.
  return spawn(command, args, { env: {}, cwd: import.meta.dirname, stdio: ["pipe", "pipe", "ignore"] });
}

function flags(): string[] {
  return [
    "--permission",
    ...readable().map((folder) => `--allow-fs-read=${folder}${path.sep}`),
    "--disallow-code-generation-from-strings",
    "--no-addons",
    "--disable-proto=delete",
    "--no-warnings",
    "--expose-gc",
    `--max-old-space-size=${heapMb}`,
    `--stack-size=${hostStackKb}`,
  ];
}

/** The sandbox's own sources, and QuickJS. */
function readable(): string[] {
  const { resolve } = createRequire(import.meta.url);
  const packageOf = (name: string): string => path.join(path.dirname(resolve(name)), "..");
  return [
    import.meta.dirname,
    packageOf("quickjs-emscripten-core"),
    // With the types of its foreign functions, which lie beside it.
    path.join(packageOf("@jitl/quickjs-wasmfile-release-sync"), ".."),
  ];
}

/** The shell sets the kernel's limits and becomes the program: no core files, no files, so much of the processor. */
function bounded(program: readonly string[], cpuSeconds: number): string[] {
  const limits = `ulimit -c 0; ulimit -f 0; ulimit -t ${Math.ceil(cpuSeconds)}; unset PWD`;
  return ["/bin/sh", "-c", `${limits}; exec nice -n ${niceness} "$@"`, "sandbox", ...program];
}
