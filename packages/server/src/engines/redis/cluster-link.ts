// The way to a cluster: one to each of its primaries. When one of those that have a lane ends, all end.
import { fail, TidewireError } from "@tidewire/protocol";
import { reasonOf } from "../../ports/log.ts";
import { type Address, clientAt, nameOf } from "./address.ts";
import { clusterMap, laneSlots } from "./cluster-map.ts";
import { type Link, LinkLost, type Opened } from "./link.ts";
import type { RedisArgument, RedisClient } from "./redis-client.ts";
import { durabilityOfAll, type ServerFacts } from "./server-facts.ts";
import { ServerLink, type ServerLinkOptions } from "./server-link.ts";
import { isRedirection, SlotCalls } from "./slot-calls.ts";
import { changesIn, movedIn, replicasIn, slotOf } from "./slots.ts";

export interface ClusterLinkOptions extends Omit<ServerLinkOptions, "client" | "moved"> {
  /** Any nodes of it; the first one's settings are used for all. */
  readonly nodes: readonly RedisClient[];
}

interface OpenedCluster extends Opened {
  /** To ask for the others next time. */
  readonly nodes: readonly RedisClient[];
}

interface Subscription {
  readonly name: string;
  readonly listener: (message: Buffer) => void;
  readonly moved: () => void;
  /** Where it is heard; "" between two servers. */
  at: string;
}

/** Calls that may wait at once: above, the cluster is slower than its publishers. */
const mostWaiting = 50_000;
/** A slot on its way is asked for again after so long. */
const againMs = 50;

export class ClusterLink implements Link {
  readonly #options: ClusterLinkOptions;
  readonly #client: RedisClient;
  readonly #servers = new Map<string, ServerLink>();
  readonly #opening = new Map<string, Promise<ServerLink>>();
  readonly #owners: Map<number, Address>;
  readonly #calls = new Map<number, SlotCalls>();
  readonly #subscriptions = new Map<string, Subscription>();
  #waiting = 0;
  #isOver = false;
  #isOpen = false;
  /** Why it ended by itself. */
  #reason: string | null = null;
  #whenIdle: (() => void) | null = null;

  private constructor(options: ClusterLinkOptions, owners: ReadonlyMap<number, Address>) {
    const [client] = options.nodes;
    this.#client = client ?? fail("internal", "a node was expected");
    this.#options = options;
    this.#owners = new Map(owners);
  }

  /** @throws {TidewireError} `engine_unavailable`, in words for the operator. */
  static async open(options: ClusterLinkOptions): Promise<OpenedCluster> {
    const owners = await clusterMap(options.nodes, options.clock);
    const link = new ClusterLink(
      options,
      new Map(laneSlots.map((slot) => [slot, owners.get(slot) ?? fail("internal")])),
    );
    try {
      const addresses = new Map([...link.#owners.values()].map((each) => [nameOf(each), each]));
      const servers = await Promise.all([...addresses.values()].map((address) => link.#serverAt(address)));
      await Promise.all(servers.map((server) => expectServing(server)));
      const facts = await link.facts();
      if (link.isOver) throw new LinkLost();
      link.#isOpen = true;
      return { link, facts, nodes: [...addresses.values()].map((address) => clientAt(link.#client, address)) };
    } catch (thrown) {
      link.close();
      if (thrown instanceof TidewireError) throw thrown;
      const reason = link.#reason ?? reasonOf(thrown);
      throw new TidewireError("engine_unavailable", `the Redis cluster cannot be used: ${reason}`);
    }
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  async facts(): Promise<ServerFacts> {
    this.#dismiss();
    const servers = [...this.#servers.values()];
    const [first] = servers;
    if (first === undefined) throw new LinkLost();
    const all = await Promise.all(servers.map((server) => server.facts()));
    const replicas = replicasIn(await first.ask(["CLUSTER", "NODES"]));
    if (this.#options.isDurable && replicas > 0) {
      fail(
        "engine_unavailable",
        `a durable cluster has no replicas, which take over with less; this one has ${replicas}`,
      );
    }
    const name = `a cluster of ${servers.length}, ${[...new Set(all.map((each) => each.name))].join(", ")}`;
    const warning = all.find((each) => each.warning !== null)?.warning ?? null;
    // An ack is good no longer than the server that gave it, whose replica may not have what it says (P2).
    const durability = replicas > 0 ? "volatile" : durabilityOfAll(all);
    return { name, durability, isClustered: true, warning };
  }

  run(keys: readonly string[], args: readonly RedisArgument[]): Promise<unknown> {
    const slot = slotOf(keys[0] ?? "");
    return this.#call(slot, async () => await this.#ownerOf(slot).run(keys, args));
  }

  publish(name: string, bytes: Buffer): Promise<number> {
    const slot = slotOf(name);
    return this.#call(slot, async () => await this.#ownerOf(slot).publish(name, bytes));
  }

  async subscribe(name: string, listener: (message: Buffer) => void, moved = (): void => undefined): Promise<void> {
    const subscription = { name, listener, moved, at: "" };
    this.#subscriptions.set(name, subscription);
    await this.#call(slotOf(name), () => this.#hear(subscription));
  }

  async idle(): Promise<void> {
    if (this.#waiting === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
  }

  fail(reason: string): void {
    if (this.#isOver) return;
    this.#reason = reason;
    this.close();
    if (this.#isOpen) this.#options.lost(reason);
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const server of this.#servers.values()) server.close();
    for (const calls of this.#calls.values()) calls.close();
    this.#whenIdle?.();
  }

  async #call<Reply>(slot: number, send: () => Promise<Reply>): Promise<Reply> {
    if (this.#isOver) throw new LinkLost();
    if (this.#waiting >= mostWaiting) fail("overloaded", "too much waits for Redis already");
    const calls = this.#calls.get(slot) ?? this.#callsOf(slot);
    this.#waiting += 1;
    try {
      return await calls.add(send);
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#whenIdle?.();
    }
  }

  #callsOf(slot: number): SlotCalls {
    const { clock } = this.#options;
    const calls = new SlotCalls({ clock, mend: (refusal, attempt) => this.#mend(slot, refusal, attempt) });
    this.#calls.set(slot, calls);
    return calls;
  }

  #ownerOf(slot: number): ServerLink {
    const address = this.#owners.get(slot);
    const server = address === undefined ? undefined : this.#servers.get(nameOf(address));
    if (server === undefined) throw new LinkLost();
    return server;
  }

  /** Never rejects: what cannot be mended ends the link, or is refused again. */
  async #mend(slot: number, refusal: Error, attempt: number): Promise<void> {
    const owner = this.#owners.get(slot);
    if (owner === undefined) return;
    const address = movedIn(refusal.message, owner.host);
    // On its way it belongs to one server and is partly with another: no script can have all its keys before it is there.
    // Two servers that name each other have not heard of the move yet.
    if (address === null || attempt > 1) await this.#later();
    if (address === null || this.#isOver) return;
    try {
      await this.#serverAt(address);
      this.#owners.set(slot, address);
      const heard = [...this.#subscriptions.values()].filter(({ name }) => slotOf(name) === slot);
      // Before anything is asked of it, so that nothing it is asked to say goes unheard.
      await Promise.allSettled(heard.map((subscription) => this.#hear(subscription)));
    } catch (thrown) {
      this.fail(reasonOf(thrown));
    }
  }

  async #later(): Promise<void> {
    await new Promise<void>((resolve) => this.#options.clock.after(againMs, resolve));
  }

  /** Listens where the name is now. */
  async #hear(subscription: Subscription): Promise<void> {
    const { name, listener, moved } = subscription;
    const slot = slotOf(name);
    const owner = this.#owners.get(slot);
    const at = owner === undefined ? "" : nameOf(owner);
    if (subscription.at === at) return;
    const isFirst = subscription.at === "";
    subscription.at = at;
    try {
      await this.#ownerOf(slot).subscribe(name, (message) => {
        // What the former owner said and comes late is read from history, where it has its place.
        if (subscription.at === at && this.#subscriptions.get(name) === subscription) listener(message);
      });
    } catch (thrown) {
      if (subscription.at === at) subscription.at = "";
      throw thrown;
    }
    if (!isFirst) moved();
  }

  /** A server says that it announces this no more; asked for it, it says who does. */
  async #lose(at: string, name: string): Promise<void> {
    const subscription = this.#subscriptions.get(name);
    if (subscription?.at !== at) return;
    subscription.at = "";
    while (!this.#isOver) {
      try {
        await this.#call(slotOf(name), () => this.#hear(subscription));
        return subscription.moved();
      } catch (thrown) {
        // Its slot is on the way again, for longer than anybody else would wait.
        if (!isRedirection(thrown) && !(thrown instanceof TidewireError)) return this.fail(reasonOf(thrown));
        await this.#later();
      }
    }
  }

  #serverAt(address: Address): Promise<ServerLink> {
    const name = nameOf(address);
    const known = this.#opening.get(name);
    if (known !== undefined) return known;
    const opening = this.#open(address, name);
    this.#opening.set(name, opening);
    opening.catch(() => this.#opening.delete(name));
    return opening;
  }

  async #open(address: Address, name: string): Promise<ServerLink> {
    const { link } = await ServerLink.open({
      ...this.#options,
      client: clientAt(this.#client, address),
      lost: (reason) => this.#lost(name, reason),
      moved: (channel) => void this.#lose(name, channel),
    });
    if (this.#isOver) link.close();
    else this.#servers.set(name, link);
    return link;
  }

  #lost(name: string, reason: string): void {
    this.#servers.delete(name);
    this.#opening.delete(name);
    if (this.#isOwner(name)) this.fail(`${name}: ${reason}`);
  }

  #isOwner(name: string): boolean {
    return [...this.#owners.values()].some((owner) => nameOf(owner) === name);
  }

  /** Servers that have no lane any more. */
  #dismiss(): void {
    for (const [name, server] of this.#servers) {
      if (this.#isOwner(name)) continue;
      this.#servers.delete(name);
      this.#opening.delete(name);
      server.close();
    }
  }
}

/** One that has just come back says so before the others agree. */
async function expectServing(server: ServerLink): Promise<void> {
  const changes = changesIn(await server.ask(["CLUSTER", "INFO"]));
  if (changes === null) fail("engine_unavailable", "the Redis cluster cannot be used: not all say that it serves");
}
