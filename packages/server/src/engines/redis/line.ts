// The way to Redis over its lives: made anew whenever it ends, so that nobody has to start anything again.
import type { Cancel, Clock } from "../../ports/clock.ts";
import { type Log, reasonOf } from "../../ports/log.ts";
import type { Random } from "../../ports/random.ts";
import type { Link } from "./link.ts";
import type { ServerFacts } from "./server-facts.ts";
import type { Servers } from "./servers.ts";

export interface LineOptions {
  readonly servers: Servers;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** Done before anybody is told that the way is there again. */
  readonly prepare: (link: Link) => Promise<void>;
  readonly up: () => void;
  readonly down: () => void;
}

/** Whether there is another primary is asked once in so many turns of a second. */
const checkTurns = 5;
const firstRetryMs = 100;
const lastRetryMs = 2_000;

export class Line {
  readonly #options: LineOptions;
  readonly #clock: Clock;
  #link: Link | null = null;
  #facts: ServerFacts | null = null;
  #retryMs = firstRetryMs;
  #cancelRetry: Cancel = () => undefined;
  #turn = 0;
  #isChecking = false;
  #isClosed = false;
  #opening: Promise<void> = Promise.resolve();

  constructor(options: LineOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  /** `null` while there is none. */
  get link(): Link | null {
    return this.#link;
  }

  get facts(): ServerFacts | null {
    return this.#facts;
  }

  /** @throws {TidewireError} in words for the operator. */
  async open(): Promise<void> {
    const { link, facts } = await this.#options.servers.open((reason) => this.#lost(reason));
    this.#link = link;
    this.#learn(facts);
    this.#options.log.info("the Redis engine is connected", { server: facts.name, durability: facts.durability });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry();
    await this.#opening;
    await this.#link?.idle();
    this.#link?.close();
    this.#link = null;
  }

  /** Asks again what the server is; its operator may have set it up in another way. */
  async refresh(): Promise<void> {
    const link = this.#link;
    if (link === null) return;
    try {
      this.#learn(await link.facts());
    } catch (thrown) {
      link.fail(reasonOf(thrown));
    }
  }

  /** Once a second. A primary that was replaced, and has not heard of it, acks what will be lost. */
  turn(link: Link): void {
    this.#turn += 1;
    if (this.#turn % checkTurns !== 0 || this.#isChecking) return;
    this.#isChecking = true;
    this.#options.servers
      .mistake()
      .then((reason) => {
        if (reason !== null) link.fail(reason);
      })
      .finally(() => {
        this.#isChecking = false;
      })
      .catch(() => {
        // Nobody says so.
      });
  }

  #learn(facts: ServerFacts): void {
    const before = this.#facts;
    this.#facts = facts;
    const { log } = this.#options;
    const { name, durability, warning } = facts;
    if (warning !== null && warning !== before?.warning) log.warn(warning, { server: name });
    if (before !== null && before.durability !== durability) {
      log.warn("the durability of Redis has changed", { server: name, from: before.durability, to: durability });
    }
  }

  #lost(reason: string): void {
    const wasThere = this.#link !== null;
    this.#link = null;
    if (this.#isClosed || !wasThere) return;
    this.#options.log.error("the Redis engine is down", { reason });
    this.#options.down();
    this.#retryLater();
  }

  #retryLater(): void {
    const { random } = this.#options;
    const waitMs = this.#retryMs * (0.5 + random.fraction() / 2);
    this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs);
    this.#cancelRetry = this.#clock.after(waitMs, () => {
      this.#opening = this.#retry();
    });
  }

  async #retry(): Promise<void> {
    const { log, prepare, up } = this.#options;
    let opened: Link | null = null;
    try {
      const { link, facts } = await this.#options.servers.open((reason) => this.#lost(reason));
      opened = link;
      await prepare(link);
      if (link.isOver || this.#isClosed) throw new Error("it ended again");
      this.#link = link;
      this.#learn(facts);
      this.#retryMs = firstRetryMs;
    } catch (thrown) {
      opened?.close();
      if (this.#isClosed) return;
      log.warn("Redis is still not there", { reason: reasonOf(thrown) });
      return this.#retryLater();
    }
    log.info("the Redis engine is up again");
    up();
  }
}
