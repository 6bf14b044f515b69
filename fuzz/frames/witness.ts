// A bystander: it reads a channel while others are hostile, and everything has to come to it, once and in order.
import { type Channel, type Client, createClient } from "@tidewire/client";

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
  readonly #client: Client;
  readonly #channel: Channel;
  readonly #numbers: number[] = [];
  #gaps = 0;
  #cuts = 0;
  #look: () => void = () => undefined;

  constructor(url: string) {
    this.#client = createClient({ url });
    this.#channel = this.#client.channel("witness");
    this.#channel.onPublication(({ data }) => {
      this.#numbers.push(Number(data));
      this.#look();
    });
    this.#channel.onGap(() => void (this.#gaps += 1));
    this.#channel.onState(() => this.#look());
    this.#client.onState(({ kind }) => {
      if (kind === "waiting") this.#cuts += 1;
    });
    this.#channel.open();
    this.#client.connect();
  }

  async live(): Promise<void> {
    await this.#until(() => this.#channel.status.kind === "live");
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
