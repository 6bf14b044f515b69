// The queues between those who ask and the keeper: their names, and how RabbitMQ is to keep them.
import type { Clock } from "@tidewire/protocol/ports";
import type { RabbitChannel } from "./library.ts";

/** The three that have a name; answers come to a queue without one, which goes with its connection. */
export interface Queues {
  /** Jobs that were ordered: replicated, on the disk before they are confirmed. */
  readonly orders: string;
  /** Everything else that is asked; nothing there outlives who asked. */
  readonly asks: string;
  /** What could not be obeyed, with the reason in its headers. */
  readonly refused: string;
}

export const queuesOf = (prefix: string): Queues => ({
  orders: `${prefix}.orders`,
  asks: `${prefix}.asks`,
  refused: `${prefix}.refused`,
});

/** An order that its keepers do not survive is set apart; one that is only handed on often is not, in any life of a broker. */
const mostDeliveries = 100;
const mostAsks = 10_000;
const mostRefused = 100_000;

/**
 * RabbitMQ writes down which log is a new quorum queue's a second after it has declared the queue, on a busy machine two. Killed
 * before, it begins with an empty log, and what it has confirmed is gone (decision 0042).
 */
const registeredMs = 5_000;

/**
 * Makes them where they are missing.
 * @throws {Error} where one is there that was made otherwise.
 */
export async function declare(channel: RabbitChannel, queues: Queues, mostOrders: number): Promise<void> {
  // A queue that is full refuses: what it lets go of is lost to somebody.
  const bounded = (most: number) => ({ "x-max-length": most, "x-overflow": "reject-publish" });
  const quorum = { "x-queue-type": "quorum" };
  const made = { durable: true, exclusive: false };
  await channel.assertQueue(queues.refused, { ...made, arguments: { ...quorum, ...bounded(mostRefused) } });
  const letters = {
    "x-delivery-limit": mostDeliveries,
    // The default exchange: what is addressed to a queue's name goes there.
    "x-dead-letter-exchange": "",
    "x-dead-letter-routing-key": queues.refused,
    "x-dead-letter-strategy": "at-least-once",
  };
  await channel.assertQueue(queues.orders, { ...made, arguments: { ...quorum, ...bounded(mostOrders), ...letters } });
  await channel.assertQueue(queues.asks, { ...made, arguments: { "x-queue-type": "classic", ...bounded(mostAsks) } });
}

interface Declared {
  readonly queues: Queues;
  readonly mostOrders: number;
  readonly clock: Clock;
}

/**
 * Asked on the channel on which they were just declared, since any of them may be new.
 * @returns Whether what RabbitMQ confirms in them, and has confirmed on this channel, outlives it; `false` when the channel ends first.
 */
export async function registered(channel: RabbitChannel, { queues, mostOrders, clock }: Declared): Promise<boolean> {
  const isOpen = await new Promise<boolean>((resolve) => {
    const cancel = clock.after(registeredMs, () => resolve(true));
    channel.on("close", () => {
      cancel();
      resolve(false);
    });
  });
  if (!isOpen) return false;
  // It has lived that long only if it still answers.
  return await declare(channel, queues, mostOrders).then(
    () => true,
    () => false,
  );
}
