// Two hundred readers of twenty channels, half of them Tidewire's client and half the official SDK.
import { createClient } from "@tidewire/client";
import { Centrifuge } from "centrifuge";
import WebSocket from "ws";
import { type Kind, Witness } from "./witness.ts";

/** Ends it. */
type End = () => void;

export class Subscribers {
  readonly witnesses: Witness[] = [];
  readonly #ends: End[] = [];
  readonly #retries: (() => void)[] = [];
  #waiting: (() => void)[] = [];

  add(kind: Kind, url: string, channel: string): void {
    const witness = new Witness(kind, channel);
    this.witnesses.push(witness);
    this.#ends.push(kind === "tidewire" ? this.#own(witness, url) : this.#official(witness, url));
  }

  /** Resolves once `condition` holds; looks whenever something is told. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
  }

  areLive(): boolean {
    return this.witnesses.every(({ isLive }) => isLive);
  }

  /** Lets those try at once that wait for their next attempt, so that fifty rounds take minutes. */
  retry(): void {
    for (const retry of this.#retries) retry();
  }

  end(): void {
    for (const end of this.#ends) end();
  }

  #own(witness: Witness, url: string): End {
    const client = createClient({ url });
    const channel = client.channel(witness.channel);
    channel.onPublication(({ data, position }) => this.#heard(witness, position?.offset ?? 0, data as number));
    channel.onState((status) => {
      if (status.kind === "live") witness.established(status.recovered);
      else witness.isLive = false;
      this.#wake();
    });
    channel.open();
    client.connect();
    this.#retries.push(() => client.retry());
    return () => client.close();
  }

  #official(witness: Witness, url: string): End {
    const client = new Centrifuge(url, { websocket: WebSocket, minReconnectDelay: 50, maxReconnectDelay: 1_000 });
    const subscription = client.newSubscription(witness.channel);
    subscription.on("publication", ({ data, offset }) => this.#heard(witness, offset ?? 0, data as number));
    subscription.on("subscribed", ({ recovered }) => {
      witness.established(recovered);
      this.#wake();
    });
    subscription.on("subscribing", () => (witness.isLive = false));
    subscription.subscribe();
    client.connect();
    return () => client.disconnect();
  }

  #heard(witness: Witness, offset: number, value: number): void {
    witness.heard({ offset, value });
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
