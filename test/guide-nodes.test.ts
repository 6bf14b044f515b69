// The guide's steps of several processes, run as their pages say: two nodes on a Redis, and a queue beside them.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createClient } from "@tidewire/client";
import { expect, onTestFinished, test, type TestContext } from "vitest";
import { numbers } from "../docs/guide/code/06-two-nodes/channels.ts";
import { type Block, blocksOf } from "./documents/blocks.ts";
import { pageOf, Program } from "./documents/program.ts";
import { freePort } from "./killable-node.ts";
import { balance } from "./least-balancer.ts";
import { haproxy, startProxy } from "./services/proxies.ts";
import { RedisServer } from "./services/redis.ts";

interface Nodes {
  readonly blocks: readonly Block[];
  readonly ports: readonly [number, number];
  readonly env: NodeJS.ProcessEnv;
}

/** A Redis, and the places of two nodes that are not started yet. */
async function nodesOf(context: TestContext, page: string): Promise<Nodes> {
  const { url } = await RedisServer.forTest(context);
  return { blocks: blocksOf(pageOf(page)), ports: [await freePort(), await freePort()], env: { REDIS: url } };
}

function commandOf(blocks: readonly Block[], word: string): string {
  const found = blocks.find(({ language, words }) => language === "sh" && words.includes(word));
  if (found === undefined) throw new Error(`the page has no command "${word}"`);
  return found.text;
}

async function startNode({ blocks, ports, env }: Nodes, index: 0 | 1): Promise<Program> {
  const command = commandOf(blocks, index === 0 ? "one" : "two");
  const node = Program.start(command, { ...env, PORT: String(ports[index]) });
  await node.until(/listening on/);
  return node;
}

/** HAProxy as the page configures it. */
async function configured(context: TestContext, step: string, ports: Nodes["ports"]): Promise<number> {
  const port = await freePort();
  await startProxy(context, haproxy, {
    file: `docs/guide/code/${step}/haproxy.cfg`,
    places: { "9090": String(port), "8080": String(ports[0]), "8081": String(ports[1]) },
  });
  return port;
}

const balancers = {
  "the least balancer": (_context: TestContext, ports: Nodes["ports"]) => balance(ports),
  "HAProxy as the page configures it": (context: TestContext, ports: Nodes["ports"]) =>
    configured(context, "06-two-nodes", ports),
};

/** A reader of the lobby at one node, and what it heard after its greeting. */
async function lobbyAt(port: number): Promise<{ readonly socket: WebSocket; readonly heard: string[] }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/raw/lobby`);
  onTestFinished(() => socket.close());
  const heard: string[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("close", ({ code, reason }) => reject(new Error(`closed with ${code} ${reason}`)));
    socket.addEventListener("message", ({ data }) => {
      if (String(data).startsWith("Welcome")) resolve();
      else heard.push(String(data));
    });
  });
  return { socket, heard };
}

test(
  "06-two-nodes: what is said at one node is heard at the other, and both know who is here",
  { timeout: 60_000 },
  async (context) => {
    const nodes = await nodesOf(context, "06-two-nodes.md");
    await Promise.all([startNode(nodes, 0), startNode(nodes, 1)]);
    const [one, two] = await Promise.all(nodes.ports.map(lobbyAt));
    one?.socket.send("from one");
    await expect.poll(() => two?.heard, { timeout: 10_000 }).toEqual(["from one"]);
    two?.socket.send("from two");
    for (const reader of [one, two]) {
      await expect.poll(() => reader?.heard, { timeout: 10_000 }).toEqual(["from one", "from two"]);
    }
    for (const port of nodes.ports) {
      const clients = async (): Promise<unknown> => {
        const answer = await fetch(`http://127.0.0.1:${port}/raw/lobby/presence`);
        return ((await answer.json()) as { clients: number }).clients;
      };
      await expect.poll(clients, { timeout: 10_000 }).toBe(2);
    }
  },
);

test.for(Object.keys(balancers) as (keyof typeof balancers)[])(
  "06-two-nodes: a client goes on at the other node when its own is killed, by %s",
  { timeout: 60_000 },
  async (balancer, context) => {
    const nodes = await nodesOf(context, "06-two-nodes.md");
    // The client can only be at the first: there is no other yet.
    const first = await startNode(nodes, 0);
    const port = await balancers[balancer](context, nodes.ports);
    const client = createClient({ url: `ws://127.0.0.1:${port}/connection/websocket` });
    onTestFinished(() => client.close());
    const channel = client.channel(numbers);
    const places: (number | undefined)[] = [];
    let gaps = 0;
    channel.onPublication(({ position }) => places.push(position?.offset));
    channel.onGap(() => (gaps += 1));
    channel.open();
    client.connect();
    await expect.poll(() => places.length, { timeout: 20_000 }).toBeGreaterThan(1);
    await startNode(nodes, 1);
    await first.kill();
    const before = places.length;
    // The source begins at the second node when the lease of the first is over, nine seconds after it was renewed.
    await expect.poll(() => places.length, { timeout: 40_000 }).toBeGreaterThan(before + 2);
    expect(places).toEqual(places.map((_place, index) => (places[0] ?? 0) + index));
    expect(gaps).toBe(0);
  },
);

test("07-queue: a report survives the worker that is killed in its middle", { timeout: 90_000 }, async (context) => {
  const nodes = await nodesOf(context, "07-queue.md");
  const folder = mkdtempSync(path.join(tmpdir(), "tidewire-guide-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  const env = { ...nodes.env, JOBS: path.join(folder, "jobs.db") };
  const both = { ...nodes, env };
  await Promise.all([startNode(both, 0), startNode(both, 1)]);
  const port = await balance(nodes.ports);
  const startWorker = async (): Promise<Program> => {
    const api = { API: `http://127.0.0.1:${port}/api` };
    const worker = Program.start(commandOf(nodes.blocks, "worker"), { ...env, ...api });
    await worker.until(/waiting for work/);
    return worker;
  };
  const worker = await startWorker();
  const order = Program.start(commandOf(nodes.blocks, "order"), {
    ...env,
    URL: `ws://127.0.0.1:${port}/connection/websocket`,
  });
  await order.until(/attempt 1, running: page 2\n/);
  await worker.kill();
  await startWorker();
  await order.until(/attempt 2, running: page 1\n[^]*attempt 2, running: page 5\n[^]*1250 words\n/);
  await order.ended();
  const shown = nodes.blocks.find(({ words }) => words.includes("output"));
  expect(order.output).toContain(shown?.text);
});
