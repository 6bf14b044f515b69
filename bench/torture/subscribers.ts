// The readers of all channels, half of them with Tidewire's client and half with the official SDK; a witness for each.
import { createClient, type Transport, webSocketTransport } from "@tidewire/client";
import { Centrifuge } from "centrifuge";
import type { Ledger } from "./ledger.ts";
import { type Addresses, socketTo } from "./addresses.ts";
import { type Kind, Witness } from "./witness.ts";

/** Ends it. */
type End = () => void;

interface Reading {
  readonly witness: Witness;
  readonly ledger: Ledger;
}

export class Subscribers {
  readonly witnesses: Witness[] = [];
  readonly #addresses: Addresses;
  readonly #ends: End[] = [];
  readonly #retries: (() => void)[] = [];

  constructor(addresses: Addresses) {
    this.#addresses = addresses;
  }

  add(kind: Kind, channel: string, ledger: Ledger): void {
    const witness = new Witness(kind, channel);
    this.witnesses.push(witness);
    const reading = { witness, ledger };
    this.#ends.push(kind === "tidewire" ? this.#own(reading) : this.#official(reading));
  }

  areLive(): boolean {
    return this.witnesses.every(({ isLive }) => isLive);
  }

  /** Lets those try at once that wait for their next attempt, so that many rounds take minutes. */
  retry(): void {
    for (const retry of this.#retries) retry();
  }

  end(): void {
    for (const end of this.#ends) end();
  }

  #own({ witness, ledger }: Reading): End {
    const transport: Transport = { open: (_url, events) => webSocketTransport.open(this.#addresses.url(), events) };
    const client = createClient({ url: this.#addresses.url(), transport });
    const channel = client.channel(witness.channel);
    channel.onPublication(({ data, position }) => {
      if (position === null) throw new TypeError("a publication with a position was expected");
      witness.heard(position);
      ledger.learn(position, data as number);
    });
    channel.onGap(({ to }) => witness.gap(to));
    channel.onState((status) => {
      if (status.kind !== "live") witness.isLive = false;
      else if (!witness.isLive) witness.established({ recovered: status.recovered, position: channel.position });
    });
    channel.open();
    client.connect();
    this.#retries.push(() => client.retry());
    return () => client.close();
  }

  #official({ witness, ledger }: Reading): End {
    const options = { minReconnectDelay: 50, maxReconnectDelay: 1_000 };
    const client = new Centrifuge(this.#addresses.url(), { websocket: socketTo(this.#addresses), ...options });
    const subscription = client.newSubscription(witness.channel, {
      minResubscribeDelay: 50,
      maxResubscribeDelay: 1_000,
    });
    let epoch = "";
    subscription.on("publication", ({ data, offset = 0 }) => {
      const position = { epoch, offset };
      witness.heard(position);
      ledger.learn(position, data as number);
    });
    subscription.on("subscribed", ({ recovered, streamPosition }) => {
      epoch = streamPosition?.epoch ?? epoch;
      witness.established({ recovered, position: streamPosition ?? null });
    });
    subscription.on("subscribing", () => (witness.isLive = false));
    subscription.subscribe();
    client.connect();
    return () => client.disconnect();
  }
}
