// What the keeper publishes, each with RabbitMQ's word on whether it is in a queue.
import type { RabbitChannel } from "./library.ts";

export interface Letter {
  /** A queue's name. */
  readonly to: string;
  readonly content: Buffer;
  readonly persistent: boolean;
  readonly correlationId?: string;
  readonly headers?: Record<string, string>;
}

/** `unknown`: the connection ended before RabbitMQ said anything, or RabbitMQ did not take it. */
export type Sent = "queued" | "returned" | "unknown";

export class Outgoing {
  readonly #channel: RabbitChannel;
  /** Those that are not confirmed yet, by their number; called for one that came back, which is before it is confirmed. */
  readonly #returned = new Map<string, () => void>();
  #count = 0;

  constructor(channel: RabbitChannel) {
    this.#channel = channel;
    channel.on("return", ({ properties }) => this.#returned.get(String(properties.messageId))?.());
  }

  /** @returns `returned` where there is no such queue. */
  async publish({ to, content, ...given }: Letter): Promise<Sent> {
    this.#count += 1;
    const number = String(this.#count);
    const options = { contentType: "application/json", mandatory: true, messageId: number, ...given };
    let isReturned = false;
    this.#returned.set(number, () => (isReturned = true));
    const isConfirmed = await new Promise<boolean>((resolve) => {
      try {
        this.#channel.publish("", to, content, options, (error) => resolve(error === null || error === undefined));
      } catch {
        // Its channel is gone.
        resolve(false);
      }
    });
    this.#returned.delete(number);
    if (isReturned) return "returned";
    return isConfirmed ? "queued" : "unknown";
  }
}
