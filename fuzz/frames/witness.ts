// A bystander: it reads a channel while others are hostile, and everything has to come to it, once and in order.
import { createClient } from "@tidewire/client";
import WebSocket from "ws";

export interface Account {
  readonly heard: number;
  readonly lost: number;
  readonly repeated: number;
  readonly reordered: number;
  readonly gaps: number;
  /** Connections that it lost. */
  readonly cuts: number;
}

export class Witness {
  readonly #numbers: number[] = [];
  readonly #client;
  #gaps = 0;
  #cuts = 0;
  #look: () => void = () => undefined;

  constructor(url: string) {
    this.#client = createClient({ url });
    const channel = this.#client.channel("witness");
    channel.onPublication(({ data }) => {
      this.#numbers.push(Number(data));
      this.#look();
    });
    channel.onGap(() => void (this.#gaps += 1));
    this.#client.onState(({ kind }) => {
      if (kind === "waiting") this.#cuts += 1;
    });
    channel.onState(() => this.#look());
    channel.open();
    this.#isLive = () => channel.status.kind === "live";
    this.#client.connect();
  }

  readonly #isLive: () => boolean;

  async live(): Promise<void> {
    await this.#until(this.#isLive);
  }

  /** Resolves when this number has come, or after `patienceMs`: what is lost for good never comes. */
  async hears(number: number, patienceMs: number): Promise<void> {
    const patience = new Promise<void>((resolve) => void setTimeout(resolve, patienceMs).unref());
    await Promise.race([this.#until(() => this.#numbers.includes(number)), patience]);
  }

  close(): void {
    this.#client.close();
  }

  account(published: number): Account {
    const numbers = this.#numbers;
    const different = new Set(numbers);
    return {
      heard: numbers.length,
      lost: Array.from({ length: published }, (_, at) => at + 1).filter((number) => !different.has(number)).length,
      repeated: numbers.length - different.size,
      reordered: numbers.filter((number, at) => at > 0 && number < (numbers[at - 1] ?? 0)).length,
      gaps: this.#gaps,
      cuts: this.#cuts,
    };
  }

  #until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#look = () => {
        if (holds()) resolve();
      };
      this.#look();
    });
  }
}

/** Node 20 has no WebSocket of its own. */
Object.assign(globalThis, { WebSocket: globalThis.WebSocket ?? WebSocket });
