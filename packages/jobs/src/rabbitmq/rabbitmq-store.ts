// The store behind RabbitMQ: what is asked of it goes through queues to the keeper, who has the jobs.
import { TidewireError } from "@tidewire/protocol";
import { type Clock, type Log, type Random, silentLog, systemClock, systemRandom } from "@tidewire/protocol/ports";
import type { Answers, Ask } from "../store/ask.ts";
import type {
  Added,
  Claimed,
  Hold,
  JobCount,
  JobDraft,
  JobQuery,
  JobRecord,
  JobStore,
  Outcome,
  Renewal,
  Settled,
  Wanted,
} from "../store/job-store.ts";
import { Together } from "../store/together.ts";
import { Confirms, type Unconfirmed } from "./confirms.ts";
import { runsOf } from "./fitting.ts";
import type { RabbitChannel, RabbitConnection, RabbitDelivery } from "./library.ts";
import { Link } from "./link.ts";
import { OpenAsks } from "./open-asks.ts";
import { answersIn, parcelsOf } from "./parcels.ts";
import { declare, type Queues, queuesOf, registered } from "./queues.ts";
import { answerOf, type Frequent, maxWireBytes, type Value, written } from "./wire.ts";

/** What both `rabbitmqStore` and `rabbitmqKeeper` are given; those that belong together are given the same. */
export interface RabbitmqOptions {
  /** A new connection of amqplib 2 each time: `() => connect("amqp://…?heartbeat=10", { noDelay: true })`. */
  readonly connect: () => Promise<RabbitConnection>;
  /** What the names of its queues begin with. Default: `tidewire-jobs`. */
  readonly prefix?: string;
  /** Orders that RabbitMQ keeps while no keeper takes them; further ones are refused with `limit_exceeded`. Default: 100,000. */
  readonly mostOrders?: number;
  /** Default: says nothing. */
  readonly log?: Log;
  /** Default: the machine's. Of how long an answer may take; leases and delays follow the keeper's store. */
  readonly clock?: Clock;
  /** Default: the operating system's. */
  readonly random?: Random;
}

export const defaults: Required<Omit<RabbitmqOptions, "connect">> = {
  prefix: "tidewire-jobs",
  mostOrders: 100_000,
  log: silentLog,
  clock: systemClock,
  random: systemRandom,
};

/**
 * A store for processes on any machine that reach RabbitMQ; somewhere there is a `rabbitmqKeeper`. An order is acked when the keeper
 * has it, or, when that does not answer within three seconds and the order has no key, when RabbitMQ's quorum queue has it, which
 * may be new and is trusted five seconds after the connection was made.
 */
export function rabbitmqStore(options: RabbitmqOptions): JobStore {
  return new RabbitmqStore(options);
}

interface Bond {
  readonly channel: RabbitChannel;
  /** The queue for answers. */
  readonly answers: string;
  isOver: boolean;
  lose(why: string): void;
}

/** Time for the keeper's answer to come back before nobody waits for it. */
const askedForMs = 6_000;

class RabbitmqStore implements JobStore {
  readonly #queues: Queues;
  readonly #mostOrders: number;
  readonly #clock: Clock;
  readonly #open: OpenAsks;
  readonly #confirms: Confirms;
  readonly #link: Link<Bond>;
  readonly #together: Together<Frequent, PromiseSettledResult<Value>>;

  constructor(options: RabbitmqOptions) {
    const { connect, prefix, mostOrders, log, clock, random } = { ...defaults, ...options };
    this.#queues = queuesOf(prefix);
    this.#mostOrders = mostOrders;
    this.#clock = clock;
    this.#open = new OpenAsks(clock);
    this.#confirms = new Confirms(clock, this.#queues.orders);
    this.#link = new Link<Bond>(
      { connect, log, clock, random },
      { tie: (channel, lose) => this.#tie(channel, lose), untied: (bond, why) => this.#untied(bond, why) },
    );
    this.#together = new Together(clock, (asks) => this.#askTogether(asks));
  }

  async open(): Promise<void> {
    await this.#link.open();
  }

  async close(): Promise<void> {
    await this.#together.sent();
    await this.#open.idle();
    await this.#link.close();
  }

  async add(drafts: readonly JobDraft[]): Promise<readonly Added[]> {
    const content = written({ kind: "add", drafts });
    if (content.length <= maxWireBytes || drafts.length < 2) return await this.#order(drafts, content);
    // Too many for one delivery: in parts, of which the first may be there without the second.
    const half = Math.ceil(drafts.length / 2);
    const first = await this.add(drafts.slice(0, half));
    try {
      return [...first, ...(await this.add(drafts.slice(half)))];
    } catch (thrown) {
      throw new TidewireError("indeterminate", `some of the jobs were added, others not: ${String(thrown)}`);
    }
  }

  async claim(wanted: Wanted): Promise<Claimed> {
    return await this.#askWithOthers({ kind: "claim", wanted });
  }

  async renew(holds: readonly Hold[], leaseMs: number): Promise<readonly Renewal[]> {
    return await this.#ask({ kind: "renew", holds: holds.map(({ id, fence }) => ({ id, fence })), leaseMs });
  }

  async settle({ id, fence }: Hold, outcome: Outcome): Promise<Settled> {
    return await this.#askWithOthers({ kind: "settle", hold: { id, fence }, outcome });
  }

  async read(query: JobQuery): Promise<readonly JobRecord[]> {
    return await this.#ask({ kind: "read", query });
  }

  async counts(): Promise<readonly JobCount[]> {
    return await this.#ask({ kind: "counts" });
  }

  async change(id: string, what: "cancel" | "replay"): Promise<boolean> {
    return await this.#ask({ kind: "change", id, what });
  }

  async #order(drafts: readonly JobDraft[], content: Buffer): Promise<readonly Added[]> {
    // Only the keeper can say whether there is one with the same key.
    const isPlain = drafts.every(({ key }) => key === null);
    const kept = isPlain ? drafts.map(({ id }) => ({ id, isDuplicate: false })) : null;
    return (await this.#send("orders", content, kept)) as Answers["add"];
  }

  /** A delivery costs RabbitMQ and both ends much more than what is in it. */
  async #askWithOthers<Kind extends Frequent["kind"]>(ask: Extract<Frequent, { kind: Kind }>): Promise<Answers[Kind]> {
    const answered = await this.#together.ask(ask);
    if (answered.status === "rejected") throw answered.reason;
    // The keeper answers each kind with its own.
    return answered.value as Answers[Kind];
  }

  async #askTogether(asks: readonly Frequent[]): Promise<readonly PromiseSettledResult<Value>[]> {
    const answers = parcelsOf(asks).map(async (parcel): Promise<readonly PromiseSettledResult<Value>[]> => {
      try {
        return answersIn(await this.#send("asks", parcel.content, null), parcel);
      } catch (reason) {
        return Array.from({ length: parcel.count }, () => ({ status: "rejected", reason }));
      }
    });
    return (await Promise.all(answers)).flat();
  }

  async #ask<Kind extends Exclude<Ask["kind"], "add" | Frequent["kind"]>>(
    ask: Extract<Ask, { kind: Kind }>,
  ): Promise<Answers[Kind]> {
    // The keeper answers each kind with its own.
    return (await this.#send("asks", written(ask), null)) as Answers[Kind];
  }

  async #send(to: "orders" | "asks", content: Buffer, kept: readonly Added[] | null): Promise<Value> {
    if (content.length > maxWireBytes)
      throw new TidewireError("too_large", `at most ${maxWireBytes} bytes were expected, got ${content.length}`);
    const bond = this.#link.bond;
    const isOrder = to === "orders";
    if (isOrder) this.#confirms.admit();
    const { number, answered } = this.#open.begin(content.length, kept);
    const sent = { bond, number, to, order: isOrder ? this.#confirms.sent() : null };
    const options = {
      contentType: "application/json",
      persistent: isOrder,
      mandatory: true,
      correlationId: number,
      replyTo: bond.answers,
      ...(!isOrder && { expiration: String(askedForMs) }),
    };
    try {
      const confirmed = (error: unknown): void => this.#confirmed(sent, error);
      bond.channel.publish("", this.#queues[to], content, options, confirmed);
    } catch (thrown) {
      // A channel that was closed a moment ago takes nothing; its end is on its way to us.
      this.#open.refused(number, "engine_unavailable", `RabbitMQ: ${String(thrown)}`);
    }
    return await answered;
  }

  async #tie(channel: RabbitChannel, lose: (why: string) => void): Promise<Bond> {
    await declare(channel, this.#queues, this.#mostOrders);
    const { queue } = await channel.assertQueue("", { durable: false, exclusive: true, arguments: {} });
    const bond: Bond = { channel, answers: queue, isOver: false, lose };
    channel.on("close", () => (bond.isOver = true));
    channel.on("return", ({ properties }) => this.#returned(bond, String(properties.correlationId)));
    const took = (delivery: RabbitDelivery | null): void => {
      if (delivery === null) lose("the queue for answers was deleted");
      else this.#answered(delivery);
    };
    await channel.consume(queue, took, { noAck: true });
    const declared = { queues: this.#queues, mostOrders: this.#mostOrders, clock: this.#clock };
    const trust = (isSafe: boolean): void => {
      if (isSafe && !bond.isOver) this.#open.trust();
    };
    registered(channel, declared).then(trust, () => trust(false));
    return bond;
  }

  #untied(bond: Bond, why: string): void {
    bond.isOver = true;
    this.#confirms.lost();
    this.#open.lost(why);
  }

  #answered({ content, properties }: RabbitDelivery): void {
    const answer = answerOf(content);
    if (this.#open.answered(String(properties.correlationId), answer) || answer.kind === "error") return;
    // Nobody waits for these jobs any more: another worker may have them at once, and no attempt is counted.
    for (const run of runsOf(answer.value)) {
      this.settle(run, { kind: "returned" }).catch(() => {
        // Then its lease ends.
      });
    }
  }

  #confirmed({ bond, number, to, order }: Sent, error: unknown): void {
    if (error === null || error === undefined) {
      if (order !== null) this.#confirms.answered(order);
      return this.#open.confirmed(number);
    }
    const reason = to === "orders" ? "limit_exceeded" : "engine_unavailable";
    // The same is said of everything on a channel that is just being closed, and that is no refusal.
    queueMicrotask(() => {
      if (bond.isOver) return;
      if (order !== null) this.#confirms.answered(order);
      this.#open.refused(number, reason, `RabbitMQ has refused it: the queue "${this.#queues[to]}" is full`);
    });
  }

  /** Somebody has deleted the queue: the next connection makes it again. */
  #returned(bond: Bond, number: string): void {
    this.#open.refused(number, "engine_unavailable", "a queue of the jobs was deleted; nothing has happened");
    bond.lose("a queue was deleted");
  }
}

interface Sent {
  readonly bond: Bond;
  readonly number: string;
  readonly to: "orders" | "asks";
  readonly order: Unconfirmed | null;
}
