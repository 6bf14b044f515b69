// Somebody who writes twenty times a second and somebody who reads it: how long a message takes from one to the other.
import type { Client } from "@tidewire/client";
import { countLatency, type Latencies, nowUs } from "tidewire/bench";
import { chat, sendMessage } from "../../apps/harbor/contract/chat.ts";

const writeEveryMs = 50;
const missingMs = 5_000;
const room = "workshop";

interface Sent {
  readonly atUs: number;
  readonly latencies: Latencies;
}

export class Talk {
  readonly #writer: Client;
  readonly #sent = new Map<string, Sent>();
  #count = 0;

  private constructor(writer: Client) {
    this.#writer = writer;
  }

  /** What is written before somebody reads is nobody's. */
  static async begin(writer: Client, reader: Client): Promise<Talk> {
    const talk = new Talk(writer);
    await talk.#readBy(reader);
    return talk;
  }

  async #readBy(reader: Client): Promise<void> {
    const channel = reader.channel(chat, { room });
    channel.onPublication(({ data: { message } }) => {
      const sent = this.#sent.get(message.text);
      if (sent === undefined) return;
      this.#sent.delete(message.text);
      countLatency(sent.latencies, nowUs() - sent.atUs);
    });
    await new Promise<void>((resolve) => {
      channel.onState(({ kind }) => {
        if (kind === "live") resolve();
      });
      channel.open();
    });
  }

  /** Messages that were written and have not been read: not now, nor some seconds later. */
  async missing(): Promise<number> {
    const until = performance.now() + missingMs;
    while (this.#sent.size > 0 && performance.now() < until) await pause(writeEveryMs);
    return this.#sent.size;
  }

  /** Counts each message with the time in which it was written. */
  async during(ms: number, latencies: Latencies): Promise<void> {
    const until = performance.now() + ms;
    for (let next = performance.now(); next < until; next += writeEveryMs) {
      await pause(next - performance.now());
      this.#count += 1;
      const text = `message ${this.#count}`;
      this.#sent.set(text, { atUs: nowUs(), latencies });
      this.#writer.call(sendMessage, { room, text, nonce: crypto.randomUUID() }).catch(() => undefined);
    }
    await pause(until - performance.now());
  }
}

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => void setTimeout(resolve, Math.max(0, ms)));
}
