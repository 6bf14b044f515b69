// A Redis cluster: primaries with replicas, processes of one test, gone when it has ended.
import { createCluster } from "@redis/client";
import type { TestContext } from "vitest";
import { until } from "../fleet.ts";
import { freePort, keeping, RedisServer, redisPath, withoutRedis } from "./redis.ts";

const slotCount = 16_384;

interface Options {
  readonly primaries: number;
  /** Of each primary. */
  readonly replicas: number;
  /** Default: Redis. */
  readonly program?: string | undefined;
  /** Of each server, as in redis.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Default: without a password. */
  readonly url?: (port: number) => string;
}

/** One server of it. */
interface Node {
  readonly server: RedisServer;
  readonly id: string;
}

export class RedisCluster {
  readonly #nodes: readonly Node[];
  readonly #primaries: number;

  private constructor(nodes: readonly Node[], primaries: number) {
    this.#nodes = nodes;
    this.#primaries = primaries;
  }

  /** Resolves when every node says that the cluster serves, and the replicas have what their primaries have. */
  static async start({ primaries, replicas, ...each }: Options): Promise<RedisCluster> {
    const nodes = await Promise.all(Array.from({ length: primaries * (1 + replicas) }, () => RedisCluster.#node(each)));
    const cluster = new RedisCluster(nodes, primaries);
    try {
      await cluster.#join(primaries);
      return cluster;
    } catch (thrown) {
      await cluster.remove();
      throw thrown;
    }
  }

  /** For one test; it is skipped where there is no Redis. */
  static async forTest(context: TestContext, options: Options): Promise<RedisCluster> {
    if (redisPath === undefined) context.skip(withoutRedis);
    const cluster = await RedisCluster.start(options);
    context.onTestFinished(() => cluster.remove());
    return cluster;
  }

  static async #node({ settings, ...each }: Pick<Options, "program" | "settings" | "url">): Promise<Node> {
    const server = await RedisServer.start({
      ...each,
      settings: {
        "cluster-enabled": "yes",
        "cluster-port": `${await freePort()}`,
        "cluster-node-timeout": "2000",
        // A replica may take over however long ago it heard of its primary: the tests leave some behind.
        "cluster-replica-validity-factor": "0",
        ...keeping.nothing,
        ...settings,
      },
    });
    return { server, id: String(await server.ask("CLUSTER", "MYID")) };
  }

  get servers(): readonly RedisServer[] {
    return this.#nodes.map(({ server }) => server);
  }

  /** At the start. */
  get primaries(): readonly RedisServer[] {
    return this.servers.slice(0, this.#primaries);
  }

  /** Another node, without slots. */
  async grow(): Promise<RedisCluster> {
    const node = await RedisCluster.#node({});
    await this.#nodes[0]?.server.ask("CLUSTER", "MEET", ...(await addressOf(node.server)));
    const grown = new RedisCluster([...this.#nodes, node], this.#primaries);
    await grown.#known();
    await grown.whole();
    return grown;
  }

  /** Who has a slot now, as this one says. */
  async ownerOf(slot: number, asked: RedisServer | undefined = this.servers[0]): Promise<RedisServer> {
    const ranges = (await asked?.ask("CLUSTER", "SLOTS")) as [number, number, [string, number]][];
    const port = ranges.find(([from, to]) => from <= slot && slot <= to)?.[2][1];
    const owner = this.servers.find((server) => server.port === port);
    if (owner === undefined) throw new Error(`slot ${slot} has no owner`);
    return owner;
  }

  /** Resolves when all of them say that it has the slot. */
  async owns(server: RedisServer, slot: number): Promise<void> {
    await until(async () => {
      const owners = await Promise.all(this.servers.map((asked) => this.ownerOf(slot, asked)));
      return owners.every((owner) => owner === server);
    });
  }

  /** Live, as `redis-cli --cluster reshard` does. @param between Done while its keys are on their way. */
  async move(slot: number, to: RedisServer, between: () => Promise<void> = async () => undefined): Promise<void> {
    const from = await this.ownerOf(slot, to);
    const idOf = (server: RedisServer): string => this.#nodes.find((node) => node.server === server)?.id ?? "";
    await to.ask("CLUSTER", "SETSLOT", `${slot}`, "IMPORTING", idOf(from));
    await from.ask("CLUSTER", "SETSLOT", `${slot}`, "MIGRATING", idOf(to));
    await between();
    for (;;) {
      const keys = (await from.ask("CLUSTER", "GETKEYSINSLOT", `${slot}`, "3")) as string[];
      if (keys.length === 0) break;
      await from.ask("MIGRATE", "127.0.0.1", `${to.port}`, "", "0", "5000", "KEYS", ...keys);
    }
    await to.ask("CLUSTER", "SETSLOT", `${slot}`, "NODE", idOf(to));
    await from.ask("CLUSTER", "SETSLOT", `${slot}`, "NODE", idOf(to));
  }

  /** Resolves when those that run agree that the cluster serves. */
  async whole(running: readonly RedisServer[] = this.servers): Promise<void> {
    await until(async () => {
      const said = await Promise.all(
        running.map(async (server) => [
          String(await server.ask("CLUSTER", "INFO")).includes("cluster_state:ok"),
          !String(await server.ask("INFO", "replication")).includes("master_link_status:down"),
        ]),
      );
      return said.flat().every(Boolean);
    });
  }

  /** To whichever server has the key. */
  async askAt(commands: readonly (readonly [key: string, ...command: string[]])[]): Promise<void> {
    const client = createCluster({ rootNodes: [{ url: this.servers[0]?.url ?? "" }] });
    client.on("error", () => undefined);
    await client.connect();
    try {
      await Promise.all(commands.map(([key, ...command]) => client.sendCommand(key, false, command)));
    } finally {
      client.destroy();
    }
  }

  async remove(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.remove()));
  }

  async #join(primaries: number): Promise<void> {
    const nodes = this.#nodes;
    const [first] = nodes;
    const share = Math.ceil(slotCount / primaries);
    for (const [index, { server }] of nodes.entries()) {
      if (index > 0) await first?.server.ask("CLUSTER", "MEET", ...(await addressOf(server)));
      if (index >= primaries) continue;
      const last = Math.min(slotCount, (index + 1) * share) - 1;
      await server.ask("CLUSTER", "ADDSLOTSRANGE", `${index * share}`, `${last}`);
      await server.ask("CLUSTER", "SET-CONFIG-EPOCH", `${index + 1}`).catch(() => undefined);
    }
    await this.#known();
    for (const [index, { server }] of nodes.slice(primaries).entries()) {
      const primary = nodes[index % primaries]?.id ?? "";
      // A node counts those that it has been told of, before it has heard their names from themselves.
      await until(async () => {
        const [asked] = await Promise.allSettled([server.ask("CLUSTER", "REPLICATE", primary)]);
        return asked.status === "fulfilled";
      });
    }
    await this.whole();
    await until(async () =>
      (await Promise.all(this.servers.map(replicasIn))).every((count) => count === nodes.length - primaries),
    );
  }

  /** Resolves when each knows all. */
  async #known(): Promise<void> {
    const wanted = `cluster_known_nodes:${this.#nodes.length}`;
    await until(async () => {
      const infos = await Promise.all(this.servers.map((server) => server.ask("CLUSTER", "INFO")));
      return infos.every((info) => new RegExp(`^${wanted}\\r?$`, "m").test(String(info)));
    });
  }
}

/** How many servers stand behind others, by this one. */
async function replicasIn(server: RedisServer): Promise<number> {
  return String(await server.ask("CLUSTER", "NODES")).split("slave ").length - 1;
}

async function addressOf(server: RedisServer): Promise<readonly [host: string, port: string, bus: string]> {
  const [, bus] = (await server.ask("CONFIG", "GET", "cluster-port").then(valuesOf)) as [string, string];
  return ["127.0.0.1", `${server.port}`, bus];
}

/** A map of RESP3. */
function valuesOf(reply: unknown): readonly unknown[] {
  return Object.entries(Object(reply) as object).flat();
}
