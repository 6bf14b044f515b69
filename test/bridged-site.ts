// What tests that kill share: a server process that bridges publish through, its readers, and other processes.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createClient } from "@tidewire/client";
import { defineChannel } from "@tidewire/protocol";
import { expect, onTestFinished } from "vitest";
import { freePort, temporaryFile } from "./killable-node.ts";
import { Watch } from "./recorded-reader.ts";

const orders = defineChannel("orders:{id}", { history: { size: 100_000, ttlMs: 300_000 }, publishers: "server" });
const nodeOptions = ["--conditions=@tidewire/source", "--disable-warning=ExperimentalWarning"];
const apiKey = "a key for tests";

/** Starts a script of `test/`; resolves when it has said a first line. `said` hears the others. */
export async function startProcess(
  script: string,
  args: readonly string[],
  said?: (line: string) => void,
): Promise<ChildProcess> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [...nodeOptions, file, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface(child.stdout);
  await once(lines, "line");
  if (said !== undefined) lines.on("line", said);
  return child;
}

export async function killed(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

export interface BridgedSite {
  /** For a bridge's process: the address of the server API, and the key. */
  readonly api: readonly [url: string, apiKey: string];
  /** Whatever a reader of `orders:{id}` was given, by the id. */
  readonly heard: ReadonlyMap<string, readonly number[]>;
  /** Told of each. */
  readonly watch: Watch;
  /** Starts the server on its port; resolves when the readers are there. */
  readonly node: () => Promise<ChildProcess>;
}

/** A server on a file and a port of its own, and a reader of each of `ids`, for which a gap is a failure. */
export async function bridgedSite(ids: readonly string[]): Promise<BridgedSite> {
  const [port, file] = [await freePort(), temporaryFile()];
  const watch = new Watch();
  const client = createClient({ url: `ws://127.0.0.1:${port}/connection/websocket`, random: () => Math.random() / 20 });
  onTestFinished(() => client.close());
  const heard = new Map(ids.map((id): [string, number[]] => [id, []]));
  const channels = ids.map((id) => {
    const channel = client.channel(orders, { id });
    channel.onPublication(({ data }) => {
      heard.get(id)?.push(Number(data));
      watch.happened();
    });
    channel.onGap(() => expect.fail("a gap"));
    return channel;
  });
  const live = Promise.all(
    channels.map(
      (channel) => new Promise<void>((resolve) => channel.onState(({ kind }) => void (kind === "live" && resolve()))),
    ),
  );
  return {
    api: [`http://127.0.0.1:${port}/api`, apiKey],
    heard,
    watch,
    node: async () => {
      const child = await startProcess("bridged-node-process.ts", [file, `${port}`, apiKey]);
      client.connect();
      for (const channel of channels) channel.open();
      // What is published before is none of their business.
      await live;
      return child;
    },
  };
}
