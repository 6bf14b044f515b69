// Nodes on one NATS that are killed, and that are restarted one after the other: the others know, and go on.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { defineChannel } from "@tidewire/protocol";
import { natsEngine } from "@tidewire/server/nats";
import { expect, it, onTestFinished } from "vitest";
import { clientOf, connected, Listener, listening, sessionOf } from "../centrifuge-client.ts";
import { freePort } from "../killable-node.ts";
import { ask } from "../requesting.ts";
import { connecting, NatsServer } from "../services/nats.ts";
import { serve, type Served } from "../serving.ts";

/** On a machine that has much else to do. */
const soon = { timeout: 10_000 };
/** On a fast one hundreds are published while a reader is away. */
const kept = defineChannel("public:{name}", { history: { size: 100_000, ttlMs: 300_000 }, presence: true });

interface NodeProcess {
  readonly name: string;
  readonly child: ChildProcess;
  readonly url: string;
}

async function nodeProcess(natsUrl: string, name: string): Promise<NodeProcess> {
  const script = fileURLToPath(new URL("node-process.ts", import.meta.url));
  const options = ["--conditions=@tidewire/source", "--disable-warning=ExperimentalWarning"];
  const child = spawn(process.execPath, [...options, script, natsUrl, name], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  return { name, child, url: `127.0.0.1:${Number(String(said))}` };
}

async function api({ url }: NodeProcess, method: string, parameters: object = {}): Promise<unknown> {
  const headers = { "x-api-key": "0123456789abcdef" };
  const body = JSON.stringify(parameters);
  const response = await ask(`http://${url}/api/${method}`, { method: "POST", headers, body });
  return (response.body as { readonly result: unknown }).result;
}

async function namesAt(node: NodeProcess): Promise<readonly string[]> {
  const { nodes } = (await api(node, "info")) as { readonly nodes: readonly { readonly name: string }[] };
  return nodes.map(({ name }) => name).toSorted();
}

async function membersAt(node: NodeProcess): Promise<readonly string[]> {
  const { presence } = (await api(node, "presence", { channel: "public:a" })) as { readonly presence: object };
  return Object.keys(presence).toSorted();
}

it("kill -9 of a node: the others do not wait for it, its members leave, its source goes on at one of them (R3)", async (context) => {
  const { url } = await NatsServer.forTest(context);
  const nodes = [await nodeProcess(url, "1"), await nodeProcess(url, "2"), await nodeProcess(url, "3")];
  const members: string[] = [];
  const feeds: Listener[] = [];
  for (const node of nodes) {
    const client = await connected(`ws://${node.url}`);
    await listening(client, "public:a");
    members.push(sessionOf(client));
    feeds.push(await listening(client, "feed"));
  }
  for (const node of nodes) {
    await expect.poll(() => namesAt(node), soon).toEqual(["1", "2", "3"]);
    await expect.poll(() => membersAt(node), soon).toEqual(members.toSorted());
  }
  const [reader] = feeds.slice(-1);
  await reader?.until(({ values }) => values.length > 5);
  const source = String(reader?.values.at(-1));
  const killed = nodes.find(({ name }) => name === source) ?? expect.fail("one of them was expected to be the source");
  const others = nodes.filter((node) => node !== killed);
  killed.child.kill("SIGKILL");
  await once(killed.child, "exit");
  const [left = ""] = members.filter((_, index) => nodes[index] === killed);
  for (const node of others) {
    const others = nodes.map(({ name }) => name).filter((name) => name !== source);
    await expect.poll(() => namesAt(node), soon).toEqual(others);
    await expect
      .poll(() => membersAt(node), { timeout: 60_000 })
      .toEqual(members.filter((it) => it !== left).toSorted());
  }
  const here = feeds.filter((_, index) => nodes[index] !== killed);
  for (const feed of here) {
    await feed.until(({ values }) => values.at(-1) !== source);
    // Nothing of the first one comes after anything of the second.
    const turns = feed.values.filter((value, index) => value !== feed.values[index - 1]);
    expect(turns).toEqual([source, feed.values.at(-1)]);
  }
}, 120_000);

it("a rolling restart of three nodes under load: nothing is lost, all are recovered, and each knows all members after it", async (context) => {
  const { url } = await NatsServer.forTest(context);
  const ports = [await freePort(), await freePort(), await freePort()];
  const start = (port: number): Promise<Served> =>
    serve({ channels: [kept], engine: natsEngine({ connect: connecting(url) }), port });
  const nodes = await Promise.all(ports.map(start));
  const clients = await Promise.all(nodes.map(({ socketUrl }) => connected(socketUrl)));
  const readers = await Promise.all(clients.map((client) => listening(client, "public:a")));
  const acked: number[] = [];
  let isOver = false;
  const writers = ports.map(async (port, who) => {
    const writer = clientOf(`ws://127.0.0.1:${port}`);
    writer.connect();
    for (let n = 0; !isOver; n += 1) {
      await writer.ready();
      const value = 3 * n + who;
      const wasAcked = await writer.publish("public:a", value).then(
        () => true,
        () => false,
      );
      if (wasAcked) acked.push(value);
    }
  });
  for (const [index, port] of ports.entries()) {
    const before = acked.length;
    const node = nodes[index] ?? expect.fail("a node was expected");
    await node.tide.stop({ drainMs: 100 });
    await node.stop();
    nodes[index] = await start(port);
    await readers[index]?.until(({ establishments }) => establishments.length === 2);
    await expect.poll(() => acked.length, soon).toBeGreaterThan(before);
  }
  isOver = true;
  await Promise.all(writers);
  for (const reader of readers) {
    await expect.poll(() => acked.filter((value) => !reader.values.includes(value)), soon).toEqual([]);
    expect(reader.offsets).toEqual(reader.offsets.map((_, index) => index + 1));
    expect(reader.establishments.slice(1)).toEqual([{ wasRecovering: true, recovered: true }]);
    const { clients: here } = await reader.subscription.presence();
    expect(Object.keys(here).toSorted()).toEqual(clients.map(sessionOf).toSorted());
  }
}, 60_000);
