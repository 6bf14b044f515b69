// Nodes under load while something happens to their Redis, and the history checker over what everybody was told.
import { type ChannelDefinition, defineChannel, TidewireError } from "@tidewire/protocol";
import type { ChannelHandle } from "@tidewire/server";
import { redisEngine, type RedisEngineOptions } from "@tidewire/server/redis";
import { expect, vi } from "vitest";
import { Checker } from "../../simulation/checker/checker.ts";
import type { HistoryRecord } from "../../simulation/checker/records.ts";
import { type Reader, recordedReader, Watch } from "../recorded-reader.ts";
import { serve, type Served } from "../serving.ts";

const kept = 50_000;
const longLived = { history: { size: kept, ttlMs: 3_600_000 } } as const;
export const news: ChannelDefinition = defineChannel("news", longLived);
/** Of as many lanes. */
export const channels: readonly ChannelDefinition[] = [
  news,
  ...["fees", "fish", "fuel", "foam", "fern"].map((name) => defineChannel(name, longLived)),
];

/** Two nodes on one Redis. */
export function twoNodes(options: () => RedisEngineOptions): Promise<readonly Served[]> {
  return Promise.all([1, 2].map(() => serve({ channels, engine: redisEngine(options()) })));
}

/** What became of a load. */
export interface Outcome {
  readonly checker: Checker;
  /** In the order of the acks. */
  readonly acked: readonly string[];
  readonly indeterminate: readonly string[];
  readonly rejected: readonly string[];
  /** The channel's history at the end. */
  readonly history: readonly string[];
}

const burst = 5;
const paceMs = 10;

/** One channel: each node has two readers, and publishes several at a time without waiting for the first. */
export class Load {
  readonly #records: HistoryRecord[] = [];
  readonly #watch = new Watch();
  readonly #outcomes: Record<"acked" | "indeterminate" | "rejected", string[]> = {
    acked: [],
    indeterminate: [],
    rejected: [],
  };
  readonly #served: readonly Served[];
  readonly #channel: ChannelDefinition;
  readonly #readers: readonly Reader[];
  readonly #publishing: readonly Promise<void>[];
  #isOver = false;

  constructor(served: readonly Served[], channel: ChannelDefinition) {
    this.#served = served;
    this.#channel = channel;
    const record = (one: HistoryRecord): void => this.#record(one);
    record({ kind: "channel", channel: channel.pattern, mode: "stream", log: "after" });
    this.#readers = served.flatMap(({ socketUrl }, node) =>
      ["a", "b"].map((name) =>
        recordedReader(`${socketUrl}/connection/websocket`, `${name}${node}`, { channel, record, watch: this.#watch }),
      ),
    );
    this.#publishing = served.map((one, node) => this.#publish(one, `p${node}`));
  }

  /** Resolves when everybody listens and so many more are acked. */
  async progress(acks = 50): Promise<void> {
    const { acked } = this.#outcomes;
    const target = acked.length + acks;
    await this.#watch.until(() => acked.length >= target && this.#readers.every(({ offset }) => offset() >= 0));
  }

  /** Resolves when everybody has everything; the history checker finds nothing. */
  async end(): Promise<Outcome> {
    this.#isOver = true;
    await Promise.all(this.#publishing);
    const [first] = this.#served;
    const history = await this.#history(first);
    const last = history.at(-1);
    await this.#watch.until(() => this.#readers.every(({ offset }) => offset() === last?.position.offset));
    // What was acked under it must be in it; what was acked under others is the test's to judge.
    if (last !== undefined) this.#record({ kind: "epoch", channel: this.#channel.pattern, position: last.position });
    for (const { data, position } of history) {
      const previous = position.offset - 1;
      this.#record({ kind: "append", channel: this.#channel.pattern, op: String(data), position, previous });
    }
    this.#record({ kind: "settled" });
    const checker = new Checker();
    for (const one of this.#records) checker.read(one);
    expect(checker.violations).toEqual([]);
    return { checker, ...this.#outcomes, history: history.map(({ data }) => String(data)) };
  }

  /** Of an engine that may not be there at the moment. */
  #history(served: Served | undefined): ReturnType<ChannelHandle<unknown>["history"]> {
    const ask = async () => (await served?.tide.channel(this.#channel).history(kept)) ?? [];
    return vi.waitFor(ask, { timeout: 20_000 });
  }

  async #publish({ tide }: Served, by: string): Promise<void> {
    const { acked, indeterminate, rejected } = this.#outcomes;
    const channel = tide.channel(this.#channel);
    const say = async (op: string): Promise<void> => {
      this.#record({ kind: "invoke", op, by, channel: this.#channel.pattern });
      try {
        const { position } = await channel.publish(op);
        acked.push(op);
        this.#record({ kind: "ack", op, position, duplicate: false });
      } catch (thrown) {
        const isUnknown = thrown instanceof TidewireError && thrown.reason === "indeterminate";
        (isUnknown ? indeterminate : rejected).push(op);
        this.#record(isUnknown ? { kind: "indeterminate", op } : { kind: "reject", op, reason: String(thrown) });
      }
    };
    for (let round = 0; !this.#isOver; round += 1) {
      await Promise.all(Array.from({ length: burst }, (_, index) => say(`${by}-${round}-${index}`)));
      this.#watch.happened();
      await new Promise((resolve) => setTimeout(resolve, paceMs));
    }
  }

  #record(one: HistoryRecord): void {
    this.#records.push(one);
  }
}

/** Of each publisher, what the history has is in the order it was said, and once. */
export function expectInOrder({ history }: Pick<Outcome, "history">): void {
  for (const by of ["p0", "p1"]) {
    const places = history.flatMap((op) => {
      const [who, round, index] = op.split("-");
      return who === by ? [Number(round) * burst + Number(index)] : [];
    });
    expect(places).toEqual([...new Set(places)].toSorted((one, other) => one - other));
  }
}
