// A client whose application writes down what it does and what is done to it, for the history checker.
import { createClient } from "@tidewire/client";
import { type ChannelDefinition, TidewireError } from "@tidewire/protocol";
import { onTestFinished } from "vitest";
import type { HistoryRecord } from "../simulation/checker/records.ts";

/** Resolves as soon as something holds, looking again whenever something happens. */
export class Watch {
  readonly #looks = new Set<() => void>();

  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        this.#looks.delete(look);
        resolve();
      };
      this.#looks.add(look);
      look();
    });
  }

  readonly happened = (): void => {
    for (const look of this.#looks) look();
  };
}

/** Of the wait before a reconnect, which grows with every cut, a twentieth. */
const soon = (): number => Math.random() / 20;

export interface Told {
  readonly channel: ChannelDefinition;
  readonly record: (record: HistoryRecord) => void;
  readonly watch: Watch;
}

export interface Reader {
  readonly publish: (text: string) => void;
  /** Everything up to here was handed over; -1 while it is not subscribed. */
  readonly offset: () => number;
}

/** A client of one channel, which it reads and writes. */
export function recordedReader(url: string, name: string, told: Told): Reader {
  const { record, watch, channel: news } = told;
  const client = createClient({ url, random: soon });
  onTestFinished(() => client.close());
  const channel = client.channel(news);
  let isUp = false;
  record({ kind: "subscribe", life: name, user: name, channel: news.pattern });
  channel.onPublication(({ data, position }) => {
    record({ kind: "deliver", life: name, op: String(data), position });
    // The position moves once this has returned.
    queueMicrotask(watch.happened);
  });
  channel.onGap(({ to }) => record({ kind: "gap", life: name, to }));
  channel.onState((status) => {
    const wasUp = isUp;
    isUp = status.kind === "live";
    if (status.kind === "live" && !wasUp) {
      record({ kind: "reply", life: name, recovered: status.recovered, position: channel.position });
    }
    watch.happened();
  });
  client.connect();
  channel.open();
  return {
    publish: (op) => {
      record({ kind: "invoke", op, by: name, channel: news.pattern });
      channel
        .publish(op)
        .then(
          ({ position, duplicate }) => record({ kind: "ack", op, position, duplicate }),
          (thrown: unknown) => {
            const isUnknown = thrown instanceof TidewireError && thrown.reason === "indeterminate";
            record(isUnknown ? { kind: "indeterminate", op } : { kind: "reject", op, reason: String(thrown) });
          },
        )
        .finally(watch.happened);
    },
    offset: () => (isUp ? (channel.position?.offset ?? 0) : -1),
  };
}
