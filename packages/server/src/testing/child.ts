// Another process for one test, running a few lines of a module from source; gone when the test has ended.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
// oxlint-disable-next-line no-restricted-imports -- the other process runs on the same Node
import { execPath } from "node:process";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";

export interface Child {
  /** What it wrote, line by line; ends when it has ended. */
  readonly lines: AsyncIterable<string>;
  /** Ends it as a power cut would, without a chance to tidy up. */
  kill(): void;
  /** Resolves when it is gone. */
  readonly gone: Promise<void>;
}

/** @param code A module; its `process.argv` holds `args` from index 2. */
export function startChild(code: string, args: readonly string[]): Child {
  const file = join(temporaryFolder(), "child.mjs");
  writeFileSync(file, code);
  const child = spawn(execPath, ["--conditions=@tidewire/source", file, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const kill = (): void => void child.kill("SIGKILL");
  onTestFinished(() => {
    kill();
    return gone;
  });
  return { lines: createInterface(child.stdout), kill, gone };
}
