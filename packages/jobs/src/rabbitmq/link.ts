// A connection to RabbitMQ that is made again whenever it is lost, with what its owner sets up on each.
import { fail } from "@tidewire/protocol";
import { type Cancel, type Clock, type Log, type Random, reasonOf } from "@tidewire/protocol/ports";
import { stayAlive } from "../ports/alive.ts";
import { bounded } from "./bounded.ts";
import type { RabbitChannel, RabbitConnection } from "./library.ts";

/** What both ends of the way are given. */
export interface LinkOptions {
  /** A new connection each time: `() => amqplib.connect(url, { noDelay: true })`. */
  readonly connect: () => Promise<RabbitConnection>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What is set up on a connection, and taken down with it. */
export interface Ties<Bond> {
  tie(channel: RabbitChannel, lose: (why: string) => void): Promise<Bond>;
  /** Nothing that was on its way there comes any more. */
  untied(bond: Bond, why: string): void;
}

type State<Bond> =
  | { readonly kind: "closed" | "opening" }
  | { readonly kind: "open"; readonly connection: RabbitConnection; readonly bond: Bond }
  | { readonly kind: "waiting"; readonly cancel: Cancel };

const openMs = 9_000;
const goodbyeMs = 2_000;
const firstAgainMs = 100;
const longestAgainMs = 2_000;

export class Link<Bond> {
  readonly #options: LinkOptions;
  readonly #ties: Ties<Bond>;
  #state: State<Bond> = { kind: "closed" };
  /** Why RabbitMQ takes nothing, while it does not. */
  #blocked: string | null = null;
  #tries = 0;
  /** A process that lost its connection has no socket that keeps it from ending. */
  #letEnd: Cancel = () => undefined;

  constructor(options: LinkOptions, ties: Ties<Bond>) {
    this.#options = options;
    this.#ties = ties;
  }

  /** @throws {TidewireError} `engine_unavailable`, with what RabbitMQ or the network says. */
  async open(): Promise<void> {
    if (this.#state.kind !== "closed") throw new TypeError(`a closed one was expected, it is ${this.#state.kind}`);
    try {
      this.#letEnd = stayAlive();
      await this.#make();
    } catch (thrown) {
      this.#letEnd();
      this.#state = { kind: "closed" };
      fail("engine_unavailable", `RabbitMQ: ${reasonOf(thrown)}`);
    }
  }

  /** Says goodbye to a server that listens; the socket to one that does not ends with its heartbeat. */
  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: "closed" };
    this.#letEnd();
    if (state.kind === "waiting") state.cancel();
    if (state.kind !== "open") return;
    const left = new Promise<void>((resolve) => void this.#options.clock.after(goodbyeMs, resolve));
    await Promise.race([end(state.connection), left]);
    this.#ties.untied(state.bond, "it was closed");
  }

  /** @throws {TidewireError} `engine_unavailable` while there is no connection, or one that takes nothing. */
  get bond(): Bond {
    if (this.#blocked !== null) fail("engine_unavailable", `RabbitMQ takes nothing now: ${this.#blocked}`);
    if (this.#state.kind === "open") return this.#state.bond;
    fail("engine_unavailable", `an open connection to RabbitMQ was expected, it is ${this.#state.kind}`);
  }

  async #make(): Promise<void> {
    const opening = { kind: "opening" } as const;
    this.#state = opening;
    const connection = await this.#connected();
    let gone: string | null = null;
    const lose = (why: string): void => {
      gone ??= why;
      this.#lost(connection, why);
    };
    connection.on("error", (error) => this.#failed(error));
    connection.on("close", (error) => lose(error === undefined ? "the connection was closed" : reasonOf(error)));
    connection.on("blocked", (reason) => {
      if (gone === null) this.#blocked = reason;
    });
    connection.on("unblocked", () => {
      if (gone === null) this.#blocked = null;
    });
    try {
      const bond = await this.#bounded(this.#tied(connection, lose));
      if (gone !== null) throw new Error(gone);
      if (this.#state !== opening) throw new Error("it was closed while it opened");
      this.#state = { kind: "open", connection, bond };
      this.#tries = 0;
    } catch (thrown) {
      drop(connection);
      throw thrown;
    }
  }

  /** One that comes too late is not kept. */
  async #connected(): Promise<RabbitConnection> {
    this.#blocked = null;
    const connecting = this.#options.connect();
    try {
      return await this.#bounded(connecting);
    } catch (thrown) {
      connecting.then(drop, () => undefined);
      throw thrown;
    }
  }

  async #tied(connection: RabbitConnection, lose: (why: string) => void): Promise<Bond> {
    const channel = await connection.createConfirmChannel();
    channel.on("error", (error) => this.#failed(error));
    // Nothing is worth mending in part: a new connection has all of it.
    channel.on("close", () => lose("its channel was closed"));
    return await this.#ties.tie(channel, lose);
  }

  #failed(error: Error): void {
    this.#options.log.warn("the connection to RabbitMQ failed", { reason: reasonOf(error) });
  }

  #lost(connection: RabbitConnection, why: string): void {
    if (this.#state.kind !== "open" || this.#state.connection !== connection) return;
    const { bond } = this.#state;
    this.#blocked = null;
    this.#again();
    drop(connection);
    this.#options.log.warn("the connection to RabbitMQ was lost and is made again", { reason: why });
    this.#ties.untied(bond, why);
  }

  #again(): void {
    const { clock, random } = this.#options;
    const longestMs = Math.min(longestAgainMs, firstAgainMs * 2 ** this.#tries);
    this.#tries += 1;
    // Not all at the same moment.
    const delayMs = longestMs * (0.5 + random.fraction() / 2);
    this.#state = { kind: "waiting", cancel: clock.after(delayMs, () => void this.#remake()) };
  }

  async #remake(): Promise<void> {
    try {
      await this.#make();
      this.#options.log.info("the connection to RabbitMQ is back");
    } catch (thrown) {
      this.#options.log.warn("RabbitMQ could not be reached again yet", { reason: reasonOf(thrown) });
      if (this.#state.kind === "opening") this.#again();
    }
  }

  async #bounded<Answer>(answer: Promise<Answer>): Promise<Answer> {
    return await bounded(answer, {
      clock: this.#options.clock,
      ms: openMs,
      late: `no answer within ${openMs} ms`,
    });
  }
}

/** Resolves when it has ended, also when it was none any more. */
async function end(connection: RabbitConnection): Promise<void> {
  await connection.close().catch(() => undefined);
}

function drop(connection: RabbitConnection): void {
  connection.close().catch(() => undefined);
}
