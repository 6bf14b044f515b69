// The crowd of a torture: clients over real sockets that order, note what was acked, and watch a share of their jobs to the end.
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, createClient } from "@tidewire/client";
import { jobOf, type JobSnapshot } from "@tidewire/client/job";
import { jobChannel, type JobShapeOf, TidewireError } from "@tidewire/protocol";
import type { Order, Told } from "./checker.ts";
import { orderWork, work } from "./job.ts";

type Snapshot = JobSnapshot<JobShapeOf<typeof work>>;

export interface CrowdOptions {
  readonly url: string;
  /** Orders that are to be acked. */
  readonly jobs: number;
  /** One job of so many is watched. */
  readonly watchedOf: number;
  /** Whether there is room for another order: no more is under way than workers can do. */
  readonly hasRoom: () => boolean;
}

const size = 16;
const atOnce = 2;
const answerMs = 5_000;
const againMs = 20;

interface Watched {
  shown: Told | null;
  ends: number;
}

export class Crowd {
  readonly orders: Order[] = [];
  readonly seen = new Map<string, Watched>();
  /** What orders were answered with in the place of an ack, and how often; those with a key were given again. */
  readonly refusals: Record<string, number> = {};
  readonly #options: CrowdOptions;
  readonly #clients: readonly Client[];
  readonly #stops: (() => void)[] = [];
  #next = 1;

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#clients = Array.from({ length: size }, (_, n) => createClient({ url: options.url, data: { user: `u${n}` } }));
  }

  /** Resolves when enough orders are acked. */
  async order(): Promise<void> {
    for (const client of this.#clients) client.connect();
    const hands = this.#clients.flatMap((client) => Array.from({ length: atOnce }, () => this.#orderBy(client)));
    await Promise.all(hands);
  }

  /** What nobody has seen the end of. */
  get waiting(): number {
    return [...this.seen.values()].filter(({ shown }) => shown === null).length;
  }

  /** The server is back: nobody waits for longer than it takes. */
  retry(): void {
    for (const client of this.#clients) client.retry();
  }

  end(): void {
    for (const stop of this.#stops) stop();
    for (const client of this.#clients) client.close();
  }

  async #orderBy(client: Client): Promise<void> {
    while (this.orders.length < this.#options.jobs) {
      if (!this.#options.hasRoom()) {
        await sleep(againMs);
        continue;
      }
      const order = this.#next;
      this.#next += 1;
      const acked = await (order % 2 === 0 ? this.#once(client, order) : this.#untilAcked(client, order));
      if (acked === null) continue;
      this.orders.push(acked);
      if (this.orders.length % this.#options.watchedOf === 0) this.#watch(client, acked.ids[0] ?? "");
    }
  }

  async #once(client: Client, order: number): Promise<Order | null> {
    try {
      const { id } = await client.call(orderWork, { order, isKeyed: false }, { timeoutMs: answerMs });
      return { order, ids: [id] };
    } catch (thrown) {
      this.#refused(thrown);
      return null;
    }
  }

  /** Under a key, so that however often it is given it is one job; and once more when it was acked. */
  async #untilAcked(client: Client, order: number): Promise<Order> {
    const ids: string[] = [];
    while (ids.length < (order % 10 === 1 ? 2 : 1)) {
      try {
        const { id } = await client.call(orderWork, { order, isKeyed: true }, { timeoutMs: answerMs });
        ids.push(id);
      } catch (thrown) {
        this.#refused(thrown);
        await sleep(againMs);
      }
    }
    return { order, ids };
  }

  #refused(thrown: unknown): void {
    // What is no error of the table would be one of ours.
    const reason = thrown instanceof TidewireError ? thrown.reason : String(thrown);
    this.refusals[reason] = (this.refusals[reason] ?? 0) + 1;
  }

  #watch(client: Client, id: string): void {
    const watched: Watched = { shown: null, ends: 0 };
    this.seen.set(id, watched);
    const job = jobOf(client, work, id);
    const channel = client.channel(jobChannel, { id });
    this.#stops.push(
      channel.onPublication(({ data }) => void (watched.ends += isEnd(data.kind) ? 1 : 0)),
      job.subscribe(() => (watched.shown = toldBy(job.getSnapshot()) ?? watched.shown)),
    );
  }
}

const isEnd = (kind: string): boolean => kind === "done" || kind === "failed" || kind === "canceled";

function toldBy({ state, output, reason }: Snapshot): Told | null {
  if (state === "done") return { state, output, reason: "" };
  if (state === "failed") return { state: "dead", output: null, reason };
  return state === "canceled" ? { state, output: null, reason: "" } : null;
}
