// An example as its reader starts it: a copy outside of the checkout, with the packed packages, by its own `npm start`.
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { onTestFinished } from "vitest";
import { toolEnvironment } from "../../tools/run/workspace.mjs";
import type { PackedPackages } from "../packed-packages.ts";
import { root } from "./server-process.ts";

/** @returns The page's address, once the example has printed it. All of it is ended when the test has ended. */
export async function startExample(
  packed: PackedPackages,
  name: string,
  settings: Readonly<Record<string, string>>,
): Promise<string> {
  const project = await packed.project(path.join(root, "examples/frameworks", name));
  const { NODE_OPTIONS: _, ...env }: NodeJS.ProcessEnv = toolEnvironment();
  // A group of its own: npm passes no signal on to what it has started.
  const child = spawn("npm", ["start"], { cwd: project.folder, env: { ...env, ...settings }, detached: true });
  onTestFinished(() => endGroup(child));
  return await addressFrom(child);
}

function addressFrom(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        printed += text;
        // Vite makes the port bold.
        const address = /http:\/\/localhost:\d+/.exec(stripVTControlCharacters(printed));
        if (address !== null) resolve(address[0]);
      });
    }
    child.once("close", () => reject(new Error(`npm start ended before it printed an address:\n${printed}`)));
  });
}

/** SIGTERM has to be enough: its listeners are part of the examples. */
async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once("close", resolve));
  process.kill(-child.pid, "SIGTERM");
  await closed;
}
