// Starts the sandbox's process with nothing of ours in it: no environment, no file but its own, little memory, a low priority,
// and an end that the kernel sees to.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import type { Readable, Writable } from "node:stream";

const ownMain = path.join(import.meta.dirname, "main.ts");
const heapMb = 96;
/**
 * How it stands in the line for a processor. `last`: behind everything else, so that whoever wakes up takes its processor at once,
 * and where others are busy it may get next to nothing. `low`: a tenth of what the server gets, where that wants it.
 */
export type Standing = "last" | "low";

/** Where there is no idle class, or nobody who gives it, the lowest priority of the ordinary one. */
const standings: Readonly<Record<Standing, string>> = {
  last: 'if chrt -i 0 true; then set -- chrt -i 0 "$@"; else set -- nice -n 19 "$@"; fi',
  low: 'set -- nice -n 10 "$@"',
};
/** Linux ends it together with its worker, so that one that stands last does not stand there for days. */
const endsWithParent = 'if setpriv --pdeathsig KILL true; then set -- setpriv --pdeathsig KILL "$@"; fi';
/** Of the main thread's own stack, in kilobytes: QuickJS's 256 are several thousand frames of the host. */
const hostStackKb = 3_900;

export type SandboxProcess = ChildProcessByStdio<Writable, Readable, null>;

export interface SandboxStart {
  /** Processor time after which the kernel ends it, should nobody be left who does. */
  readonly cpuSeconds: number;
  readonly standing: Standing;
  /** What it runs, as Node's arguments. Default: the sandbox. */
  readonly main?: readonly string[] | undefined;
}

export function startSandbox({ cpuSeconds, standing, main = [ownMain] }: SandboxStart): SandboxProcess {
  const program = [process.execPath, ...flags(), ...main];
  const shell = bounded(cpuSeconds, standing);
  const [command = "", ...args] = process.platform === "win32" ? program : [...shell, ...program];
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

/**
 * The shell sets the kernel's limits and becomes the program: no core files, no files, so much of the processor; and should the
 * machine's memory be full, Linux ends it before anybody else.
 */
function bounded(cpuSeconds: number, standing: Standing): string[] {
  const first = "(echo 1000 >/proc/$$/oom_score_adj)";
  const limits = `ulimit -c 0; ulimit -f 0; ulimit -t ${Math.ceil(cpuSeconds)}; unset PWD`;
  return ["/bin/sh", "-c", `${first}; ${limits}; ${standings[standing]}; ${endsWithParent}; exec "$@"`, "sandbox"];
}
