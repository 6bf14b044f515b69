// An example as its reader starts it: a copy outside of the checkout, with the packed packages, by its own `npm start`.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import path from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";
import { onTestFinished } from "vitest";
import { toolEnvironment } from "../../tools/run/workspace.mjs";
import type { PackedPackages } from "../packed-packages.ts";
import { root } from "./server-process.ts";

export type Settings = Readonly<Record<string, string>>;

/** @returns The page's address, once the example has printed it. All of it is ended when the test has ended. */
export async function startExample(packed: PackedPackages, name: string, settings: Settings): Promise<string> {
  const project = await packed.project(path.join(root, "examples/frameworks", name));
  return await startProject(project.folder, settings);
}

/** What `startExample` does, with a project that has everything installed. */
export async function startProject(folder: string, settings: Settings, script = "start"): Promise<string> {
  // A group of its own: npm passes no signal on to what it has started.
  const child = spawn("npm", ["run", script], {
    cwd: folder,
    env: { ...readerEnvironment(), ...settings },
    detached: true,
  });
  onTestFinished(() => endGroup(child));
  return await addressFrom(child);
}

/** Runs a script of a project's package.json to the end. */
export async function runScript(folder: string, script: string): Promise<void> {
  await promisify(execFile)("npm", ["run", script], { cwd: folder, env: readerEnvironment() });
}

/** What a reader's shell has: nothing that says a test is running. */
export function readerEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_ENV: _env, VITEST: _vitest, ...env }: NodeJS.ProcessEnv = toolEnvironment();
  return env;
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
    child.once("close", () => reject(new Error(`npm ended before it printed an address:\n${printed}`)));
  });
}

/** SIGTERM has to be enough: its listeners are part of the examples. */
async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once("close", resolve));
  process.kill(-child.pid, "SIGTERM");
  await closed;
}

/** A port that nobody listens on, for what has to be told its address before it listens. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await once(probe.listen(0, "localhost"), "listening");
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
