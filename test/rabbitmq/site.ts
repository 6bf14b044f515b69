// What a test of jobs behind RabbitMQ begins with: a server, a keeper in front of an embedded store, and stores that ask it.
import type { Clock, JobStore, Log } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import { rabbitmqKeeper, type RabbitmqKeeper, rabbitmqStore } from "@tidewire/jobs/rabbitmq";
import { afterAll, onTestFinished, type TestContext } from "vitest";
import { temporaryFile } from "../killable-node.ts";
import { rabbitmqPath, RabbitServer, withoutRabbitmq } from "../services/rabbitmq.ts";
import { connecting } from "./connecting.ts";

interface Given {
  readonly clock?: Clock;
  readonly mostOrders?: number;
  readonly log?: Log;
}

/** One for the tests of a file that do it no harm: it takes seconds to start. */
let shared: Promise<RabbitServer> | null = null;
let sites = 0;

afterAll(async () => {
  await (await shared)?.remove();
});

export class Site {
  readonly server: RabbitServer;
  /** What the names of its queues begin with. */
  readonly prefix: string;

  private constructor(server: RabbitServer) {
    sites += 1;
    this.server = server;
    this.prefix = `site-${sites}`;
  }

  static async begin(context: TestContext): Promise<Site> {
    if (rabbitmqPath === undefined) context.skip(withoutRabbitmq);
    shared ??= RabbitServer.start();
    return new Site(await shared);
  }

  /** With a server of its own. */
  static async alone(context: TestContext, settings: Readonly<Record<string, string>> = {}): Promise<Site> {
    return new Site(await RabbitServer.forTest(context, { settings }));
  }

  /** A store that is open. */
  async store(given: Given = {}): Promise<JobStore> {
    const store = rabbitmqStore({ connect: connecting(this.server.url), prefix: this.prefix, ...given });
    await store.open();
    onTestFinished(() => store.close());
    return store;
  }

  /** A keeper of jobs, in a file of their own unless there is a store for them. */
  async keeper(given: Given & { readonly store?: JobStore } = {}): Promise<RabbitmqKeeper> {
    const store = given.store ?? (await kept());
    const keeper = rabbitmqKeeper({ connect: connecting(this.server.url), prefix: this.prefix, ...given, store });
    await keeper.open();
    onTestFinished(() => keeper.close());
    return keeper;
  }

  /** A queue's name. */
  queue(last: string): string {
    return `${this.prefix}.${last}`;
  }

  /** How many there are in a queue, as an operator sees it. */
  async waiting(last: string): Promise<number> {
    return await this.server.asOperator(async (channel) => (await channel.checkQueue(this.queue(last))).messageCount);
  }

  /** Takes what is in a queue, as an operator does. */
  async taken(
    queue: string,
  ): Promise<readonly { readonly content: string; readonly headers: Record<string, unknown> }[]> {
    return await this.server.asOperator(async (channel) => {
      const all = [];
      for (;;) {
        const one = await channel.get(queue, { noAck: true });
        if (one === false) return all;
        all.push({ content: one.content.toString(), headers: one.properties.headers ?? {} });
      }
    });
  }
}

/** An embedded store, open, in a file of its own. */
export async function kept(options: { readonly maxFileBytes?: number } = {}): Promise<JobStore> {
  const store = embeddedStore({ path: temporaryFile(), ...options });
  await store.open();
  onTestFinished(() => store.close());
  return store;
}
