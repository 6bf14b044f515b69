// Nodes of the tests of webhooks as processes, which a test may kill.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Centrifuge } from "centrifuge";
import { onTestFinished } from "vitest";
import { clientOf, listening } from "../centrifuge-client.ts";

export interface HookNode {
  readonly port: number;
  readonly file: string;
  /** Where it tells what happens. */
  readonly hook: string;
  /** The address of a Redis or a NATS that it shares with others. */
  readonly store?: string;
}

/** Resolves when it listens. */
export async function hookNode({ port, file, hook, store = "" }: HookNode): Promise<ChildProcess> {
  const script = fileURLToPath(new URL("hook-node.ts", import.meta.url));
  const options = ["--conditions=@tidewire/source", "--disable-warning=ExperimentalWarning"];
  const child = spawn(process.execPath, [...options, script, String(port), file, hook, store], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const failed = once(child, "exit").then(() => Promise.reject(new Error("the node ended")));
  failed.catch(() => undefined);
  await Promise.race([once(child.stdout, "data"), failed]);
  return child;
}

export async function killed(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

/** Somebody in `public:a`. */
export async function inRoom(port: number, user: string): Promise<Centrifuge> {
  const client = clientOf(`ws://127.0.0.1:${port}`, "ws", { data: { user } });
  client.connect();
  await client.ready();
  await listening(client, "public:a");
  return client;
}
