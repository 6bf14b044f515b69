// A program that a test started: waited for until it is ready, and ended by its id.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

/** Resolves when a program has said this; rejects when it ends before. */
export async function said(child: ChildProcess, text: string): Promise<void> {
  let output = "";
  await new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-20_000);
      if (output.includes(text)) resolve();
    };
    const gone = (code: number | null): void =>
      reject(new Error(`${path.basename(child.spawnfile)} ended with ${code}: ${output.slice(-1_000)}`));
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
    child.once("error", reject);
    child.once("exit", gone);
  });
}

/** Resolves when it is gone, as a machine that fails: nothing is finished. */
export async function ended(child: ChildProcess | null, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}
