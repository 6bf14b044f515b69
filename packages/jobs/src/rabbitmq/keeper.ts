// The keeper: takes what was ordered and asked from RabbitMQ's queues to the store that has the jobs, and answers.
import { TidewireError } from "@tidewire/protocol";
import { type Clock, type Log, reasonOf } from "@tidewire/protocol/ports";
import { obey } from "../store/ask.ts";
import type { JobStore, Run } from "../store/job-store.ts";
import type { RabbitChannel, RabbitDelivery } from "./library.ts";
import { bounded } from "./bounded.ts";
import { fitted, runsOf } from "./fitting.ts";
import { Link } from "./link.ts";
import { Outgoing, type Sent } from "./outgoing.ts";
import { declare, type Queues, queuesOf, registered } from "./queues.ts";
import { defaults, type RabbitmqOptions } from "./rabbitmq-store.ts";
import { type Answer, askOf, errorOf, type Frequent, maxWireBytes, type Value, written } from "./wire.ts";

/** What `rabbitmqKeeper` is given. */
export interface RabbitmqKeeperOptions extends RabbitmqOptions {
  /** Has the jobs, and is open. All keepers with the same prefix have the same one: processes that share an `embeddedStore`'s file. */
  readonly store: JobStore;
}

/** Brings what comes through RabbitMQ to a store. */
export interface RabbitmqKeeper {
  /** @throws {TidewireError} `engine_unavailable`, with what RabbitMQ or the network says. */
  open(): Promise<void>;
  /** Takes nothing new, answers what it has taken, and lets RabbitMQ go. The store stays open. */
  close(): Promise<void>;
}

/** Keeps the jobs of every `rabbitmqStore` with the same prefix. When one of several dies, the others go on. */
export function rabbitmqKeeper(options: RabbitmqKeeperOptions): RabbitmqKeeper {
  return new Keeper(options);
}

interface Bond {
  readonly channel: RabbitChannel;
  readonly outgoing: Outgoing;
  readonly consumers: readonly string[];
  /** Whether what it has confirmed outlives RabbitMQ. */
  readonly registered: Promise<boolean>;
  isOver: boolean;
}

/** At once, of orders and of asks each. */
const mostAtOnce = 32;
const againMs = 500;
const closeMs = 9_000;
/** RabbitMQ begins to hand out what is in a queue when that has a leader. */
const consumeMs = 6_000;

/** So often an order is tried that the store does not take while it takes others: it is the order, not the store. */
const mostTries = 20;

/** Names that RabbitMQ gives, and no client can: an answer ends in no queue of somebody else's. */
const answersTo = /^amq\.gen-[\w-]{1,64}$/;

class Keeper implements RabbitmqKeeper {
  readonly #store: JobStore;
  readonly #queues: Queues;
  readonly #mostOrders: number;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #link: Link<Bond>;
  readonly #working = new Set<Promise<void>>();
  #added = 0;
  #bond: Bond | null = null;

  constructor(options: RabbitmqKeeperOptions) {
    const { connect, store, prefix, mostOrders, log, clock, random } = { ...defaults, ...options };
    this.#store = store;
    this.#queues = queuesOf(prefix);
    this.#mostOrders = mostOrders;
    this.#clock = clock;
    this.#log = log;
    this.#link = new Link<Bond>(
      { connect, log, clock, random },
      { tie: (channel, lose) => this.#tie(channel, lose), untied: () => (this.#bond = null) },
    );
  }

  async open(): Promise<void> {
    await this.#link.open();
  }

  async close(): Promise<void> {
    const late = new Promise<void>((resolve) => void this.#clock.after(closeMs, resolve));
    await Promise.race([this.#finish(), late]);
    await this.#link.close();
  }

  async #finish(): Promise<void> {
    const bond = this.#bond;
    if (bond === null) return;
    await Promise.allSettled(bond.consumers.map((tag) => bond.channel.cancel(tag)));
    bond.isOver = true;
    await Promise.all(this.#working);
  }

  async #tie(channel: RabbitChannel, lose: (why: string) => void): Promise<Bond> {
    await declare(channel, this.#queues, this.#mostOrders);
    await channel.prefetch(mostAtOnce);
    const consumers: string[] = [];
    const declared = { queues: this.#queues, mostOrders: this.#mostOrders, clock: this.#clock };
    const bond: Bond = {
      channel,
      outgoing: new Outgoing(channel),
      consumers,
      registered: registered(channel, declared),
      isOver: false,
    };
    channel.on("close", () => (bond.isOver = true));
    const consume = async (queue: string, act: (delivery: RabbitDelivery) => Promise<void>): Promise<void> => {
      const took = (delivery: RabbitDelivery | null): void => {
        if (delivery === null) lose(`the queue "${queue}" was deleted`);
        else this.#work(act(delivery));
      };
      const late = `the queue "${queue}" hands out nothing within ${consumeMs} ms: it may have no leader`;
      const consuming = channel.consume(queue, took, { noAck: false });
      consumers.push((await bounded(consuming, { clock: this.#clock, ms: consumeMs, late })).consumerTag);
    };
    await consume(this.#queues.orders, (delivery) => this.#order(bond, delivery));
    await consume(this.#queues.asks, (delivery) => this.#ask(bond, delivery));
    this.#bond = bond;
    return bond;
  }

  #work(work: Promise<void>): void {
    const working = work
      .catch((thrown: unknown) => this.#log.error("the keeper of jobs failed", { reason: reasonOf(thrown) }))
      .finally(() => this.#working.delete(working));
    this.#working.add(working);
  }

  /** RabbitMQ may have acked it in our place, so it is added, or is a dead letter of RabbitMQ's; nothing else becomes of it (J1). */
  async #order(bond: Bond, delivery: RabbitDelivery): Promise<void> {
    const order = askOf(delivery.content);
    if (typeof order === "string") return await this.#refuse(bond, delivery, new TidewireError("invalid_data", order));
    if (order.kind !== "add") return await this.#refuse(bond, delivery, misplaced(order.kind, "an order"));
    const addedBefore = this.#added;
    for (let tries = 1; !bond.isOver; tries += 1) {
      try {
        const value = await this.#store.add(order.drafts);
        this.#added += 1;
        await this.#answer(bond, delivery, written({ kind: "value", value }));
        return ack(bond, delivery);
      } catch (thrown) {
        const isItsOwn = tries >= mostTries && this.#added > addedBefore;
        if (isItsOwn || !isPassing(thrown)) return await this.#refuse(bond, delivery, thrown);
        this.#log.warn("an order could not be taken to the job store yet", { reason: reasonOf(thrown) });
      }
      await this.#pause();
    }
  }

  async #ask(bond: Bond, delivery: RabbitDelivery): Promise<void> {
    const ask = askOf(delivery.content);
    if (typeof ask === "string") return await this.#refuse(bond, delivery, new TidewireError("invalid_data", ask));
    if (ask.kind === "add") return await this.#refuse(bond, delivery, misplaced(ask.kind, "no order"));
    try {
      const value = ask.kind === "several" ? await this.#each(ask.asks) : await obey(this.#store, ask);
      const left = await this.#answerWith(bond, delivery, value);
      await this.#giveBack(left);
    } catch (thrown) {
      await this.#answer(bond, delivery, written(errorOf(thrown)));
    }
    ack(bond, delivery);
  }

  /** What one of them meets is nothing to the others. */
  async #each(asks: readonly Frequent[]): Promise<Value> {
    const answer = async (ask: Frequent): Promise<Answer> => {
      try {
        return { kind: "value", value: await obey(this.#store, ask) };
      } catch (thrown) {
        return errorOf(thrown);
      }
    };
    return { answers: await Promise.all(asks.map(answer)) };
  }

  /** @returns The runs that have surely not come to whoever asked. */
  async #answerWith(bond: Bond, delivery: RabbitDelivery, value: Value): Promise<readonly Run[]> {
    const whole = written({ kind: "value", value });
    const { fitting, left } = whole.length <= maxWireBytes ? { fitting: value, left: [] } : fitted(value);
    const content = fitting === value ? whole : written({ kind: "value", value: fitting });
    return (await this.#answer(bond, delivery, content)) === "returned" ? runsOf(value) : left;
  }

  /** Whoever asked for them is gone, or has room for no more: no worker has begun with them. */
  async #giveBack(runs: readonly Run[]): Promise<void> {
    await Promise.allSettled(runs.map((run) => this.#store.settle(run, { kind: "returned" })));
  }

  /** A dead letter: a copy with the reason, which RabbitMQ has before the original is gone. */
  async #refuse(bond: Bond, delivery: RabbitDelivery, thrown: unknown): Promise<void> {
    const answer = errorOf(thrown);
    const { reason, message } = answer.kind === "error" ? answer : { reason: "internal", message: "" };
    this.#log.error("something that was asked through RabbitMQ was refused", { reason, message });
    const headers = { "tidewire-reason": reason, "tidewire-message": message };
    while (!bond.isOver) {
      const letter = { to: this.#queues.refused, content: Buffer.from(delivery.content), persistent: true, headers };
      if ((await bond.outgoing.publish(letter)) === "queued") {
        await this.#answer(bond, delivery, written(answer));
        // Until then RabbitMQ may lose the copy; the original then comes again.
        if (await bond.registered) ack(bond, delivery);
        return;
      }
      await this.#pause();
    }
  }

  async #answer(bond: Bond, { properties }: RabbitDelivery, content: Buffer): Promise<Sent> {
    const { replyTo, correlationId } = properties;
    // An order may be left without a way back: other programs can order too.
    if (typeof replyTo !== "string" || !answersTo.test(replyTo) || typeof correlationId !== "string") return "returned";
    return await bond.outgoing.publish({ to: replyTo, content, persistent: false, correlationId });
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => void this.#clock.after(againMs, resolve));
  }
}

/** What is not acked comes again, to us or to another keeper; each of the things that can be asked may be done twice. */
function ack(bond: Bond, delivery: RabbitDelivery): void {
  try {
    bond.channel.ack(delivery);
  } catch {
    // Its channel is gone, and the delivery is in the queue again.
  }
}

function misplaced(kind: string, expected: string): TidewireError {
  return new TidewireError("invalid_data", `${expected} was expected in this queue, got "${kind}"`);
}

const isPassing = (thrown: unknown): boolean => thrown instanceof TidewireError && thrown.temporary;
