// The way to NATS over time: up while streams can be trusted, down in between, and up again by itself.
import { fail, TidewireError } from "@tidewire/protocol";
import type { Cancel, Clock } from "../../ports/clock.ts";
import { type Log, reasonOf } from "../../ports/log.ts";
import type { NatsClient } from "./nats-client.ts";
import { openStreams, type StreamFacts, type StreamsOptions } from "./streams.ts";

export interface LineOptions extends StreamsOptions {
  readonly connect: () => Promise<NatsClient>;
  readonly clock: Clock;
  readonly log: Log;
  /** A connection that nothing is subscribed on yet. */
  readonly connected: (client: NatsClient) => void;
  readonly down: () => void;
  readonly up: () => void;
}

/** What is there while NATS can be reached. */
export interface Reached {
  readonly client: NatsClient;
  readonly facts: StreamFacts;
}

const openLimitMs = 10_000;

export class Line {
  readonly #options: LineOptions;
  #client: NatsClient | null = null;
  #facts: StreamFacts | null = null;
  #isUp = false;
  #isReviving = false;
  #isClosed = false;
  /** Counts connections that were lost, so that what was asked on an older one is not believed. */
  #breaks = 0;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  /** `null` while NATS cannot be reached. */
  get reached(): Reached | null {
    return this.#isUp && this.#client !== null && this.#facts !== null
      ? { client: this.#client, facts: this.#facts }
      : null;
  }

  /** As they were seen last. */
  get facts(): StreamFacts | null {
    return this.#facts;
  }

  /** @throws {TidewireError} `engine_unavailable`, in words for the operator. */
  async open(): Promise<void> {
    try {
      await this.#limited(this.#reach());
      if (!this.#isUp) fail("engine_unavailable", "the connection ended while it was opened");
    } catch (thrown) {
      await this.close();
      throw thrown instanceof TidewireError
        ? thrown
        : new TidewireError("engine_unavailable", `NATS cannot be used: ${reasonOf(thrown)}`);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isUp = false;
    const client = this.#client;
    this.#client = null;
    await client?.connection.close().catch(() => {
      // It was closed already.
    });
  }

  /** Something that has to be there was not: nothing is believed until it was looked at again. */
  doubt(reason: string): void {
    if (!this.#isUp) return;
    this.#breaks += 1;
    this.#isUp = false;
    this.#options.log.warn("NATS cannot be used at present", { reason });
    this.#options.down();
  }

  /** Once a second, and when a connection is back. */
  revive(): void {
    if (this.#isUp || this.#isReviving || this.#isClosed) return;
    this.#isReviving = true;
    this.#reach()
      .then(() => {
        if (!this.#isUp) return;
        this.#options.log.info("NATS is back");
        this.#options.up();
      })
      .catch((thrown: unknown) => this.#options.log.debug("NATS is not back yet", { reason: reasonOf(thrown) }))
      .finally(() => {
        this.#isReviving = false;
      });
  }

  async #reach(): Promise<void> {
    const breaks = this.#breaks;
    const client = this.#client?.connection.isClosed() === false ? this.#client : await this.#connect();
    const facts = await openStreams(client, this.#options);
    if (this.#isClosed || breaks !== this.#breaks) return;
    this.#facts = facts;
    this.#isUp = true;
  }

  async #connect(): Promise<NatsClient> {
    const client = await this.#options.connect();
    if (this.#isClosed) {
      await client.connection.close();
      fail("engine_unavailable", "the NATS engine is not started");
    }
    this.#client = client;
    this.#options.connected(client);
    this.#listen(client).catch((thrown: unknown) => this.#lost(client, reasonOf(thrown)));
    return client;
  }

  async #listen(client: NatsClient): Promise<void> {
    for await (const { type } of client.connection.status()) {
      if (type === "disconnect" || type === "staleConnection") this.#lost(client, type);
      else if (type === "slowConsumer") this.#lost(client, "announcements are read too slowly");
      else if (type === "reconnect") this.revive();
    }
    this.#lost(client, "the connection ended");
  }

  #lost(client: NatsClient, reason: string): void {
    if (this.#client !== client || this.#isClosed) return;
    // What is opening now was asked on a connection that is no more.
    if (!this.#isUp) this.#breaks += 1;
    this.doubt(reason);
  }

  async #limited(opening: Promise<void>): Promise<void> {
    let cancel: Cancel = () => undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const error = new TidewireError("engine_unavailable", `NATS cannot be reached: no answer in ${openLimitMs} ms`);
      cancel = this.#options.clock.after(openLimitMs, () => reject(error));
    });
    try {
      await Promise.race([opening, late]);
    } finally {
      cancel();
    }
  }
}
