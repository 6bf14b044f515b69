// Which servers there are: one, the one that Sentinels name, or a cluster; and the way to them, as often as it is wanted.
import { fail, TidewireError } from "@tidewire/protocol";
import { clientAt, nameOf } from "./address.ts";
import { ClusterLink } from "./cluster-link.ts";
import type { Opened } from "./link.ts";
import type { RedisClient } from "./redis-client.ts";
import { type RedisSentinels, Sentinels } from "./sentinels.ts";
import { ServerLink, type ServerLinkOptions } from "./server-link.ts";

export interface ServersOptions extends Omit<ServerLinkOptions, "client" | "lost" | "moved"> {
  /** One, or several nodes of a cluster. */
  readonly clients: readonly RedisClient[];
  readonly sentinels: RedisSentinels | null;
}

type Lost = ServerLinkOptions["lost"];

export class Servers {
  readonly #options: ServersOptions;
  readonly #sentinels: Sentinels | null;
  /** Nodes of a cluster, once it is known that it is one: the given ones, and those that were there last. */
  #nodes: readonly RedisClient[] | null = null;

  /** @throws {TypeError} for what cannot be together. */
  constructor(options: ServersOptions) {
    const { clients, sentinels, clock } = options;
    if (clients.length === 0) throw new TypeError("a client of Redis was expected, got none");
    if (sentinels !== null && clients.length > 1) {
      throw new TypeError(`one client was expected, which the Sentinels say the address of, got ${clients.length}`);
    }
    if (sentinels !== null && options.isDurable) {
      throw new TypeError(
        "with Sentinels a replica can take over which has less: `durable` was expected to be left out",
      );
    }
    this.#options = options;
    this.#sentinels = sentinels === null ? null : new Sentinels(sentinels, clock);
  }

  /** @param lost Told once when the link has ended by itself. @throws {TidewireError} `engine_unavailable`, in words. */
  async open(lost: Lost): Promise<Opened> {
    if (this.#sentinels !== null) return await this.#openPrimary(this.#sentinels, lost);
    if (this.#nodes !== null) return await this.#openCluster(this.#nodes, lost);
    const { clients } = this.#options;
    const opened = await this.#openFirst(lost);
    if (opened.facts.isClustered) {
      opened.link.close();
      return await this.#openCluster(clients, lost);
    }
    if (clients.length === 1) return opened;
    opened.link.close();
    return fail("engine_unavailable", `nodes of a cluster were expected, got ${opened.facts.name} of its own`);
  }

  /** Why the link is not to the right server any more; `null` where it is, as far as anybody says. */
  async mistake(): Promise<string | null> {
    const successor = (await this.#sentinels?.successor()) ?? null;
    return successor === null ? null : `Sentinel names another primary, ${nameOf(successor)}`;
  }

  async #openPrimary(sentinels: Sentinels, lost: Lost): Promise<Opened> {
    const [client] = this.#options.clients;
    if (client === undefined) return fail("internal");
    const address = await sentinels.primary();
    const { link, facts } = await ServerLink.open({
      ...this.#options,
      client: clientAt(client, address),
      isReplaceable: true,
      lost,
    });
    if (!facts.isClustered) return { link, facts };
    link.close();
    return fail("engine_unavailable", "a Redis of its own was expected behind Sentinels, got a node of a cluster");
  }

  /** Any of them tells whether it is a cluster. */
  async #openFirst(lost: Lost): Promise<Opened> {
    const reasons: string[] = [];
    for (const client of this.#options.clients) {
      try {
        return await ServerLink.open({ ...this.#options, client, lost });
      } catch (thrown) {
        if (!(thrown instanceof TidewireError)) throw thrown;
        reasons.push(thrown.message);
      }
    }
    return fail("engine_unavailable", reasons.join("; "));
  }

  async #openCluster(nodes: readonly RedisClient[], lost: Lost): Promise<Opened> {
    const opened = await ClusterLink.open({ ...this.#options, nodes, lost });
    this.#nodes = [...this.#options.clients, ...opened.nodes];
    return opened;
  }
}
