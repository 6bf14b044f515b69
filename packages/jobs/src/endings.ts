// The ends of jobs, told on their channels: kept in the store until they are, so that no crash swallows one.
import { type JobEvent, TidewireError } from "@tidewire/protocol";
import { type Log, reasonOf } from "@tidewire/protocol/ports";
import type { Publisher } from "./publisher.ts";
import type { Ending, JobStore } from "./store/job-store.ts";

/** Ends that are told at once. */
const mostAtOnce = 16;

export interface EndingOptions {
  readonly store: JobStore;
  readonly publisher: Publisher | null;
  readonly log: Log;
}

export class Endings {
  readonly #options: EndingOptions;
  readonly #tellings = new Set<Promise<void>>();

  constructor(options: EndingOptions) {
    this.#options = options;
  }

  /** How many more may be claimed. */
  get room(): number {
    return this.#options.publisher === null ? 0 : Math.max(0, mostAtOnce - this.#tellings.size);
  }

  /**
   * Where it cannot be told now, whoever looks when its lease is over tells it.
   * @param before What its run still has to say.
   */
  tell(ending: Ending, before?: Promise<void>): void {
    const { publisher } = this.#options;
    if (publisher === null) return;
    const telling = this.#tell(ending, publisher, before).finally(() => this.#tellings.delete(telling));
    this.#tellings.add(telling);
  }

  /** Resolves when nothing is being told. */
  async told(): Promise<void> {
    await Promise.all(this.#tellings);
  }

  async #tell(ending: Ending, publisher: Publisher, before?: Promise<void>): Promise<void> {
    try {
      await before;
      await publisher.publish(ending.id, eventOf(ending), `${ending.fence}.end`);
      await this.#options.store.settle(ending, { kind: "told" });
    } catch (thrown) {
      this.#options.log.warn("the end of a job could not be told yet", { id: ending.id, reason: reasonOf(thrown) });
    }
  }
}

function eventOf({ state, fence, output, reason, message }: Ending): JobEvent {
  if (state === "done") return { kind: "done", run: fence, output: JSON.parse(output ?? "null") as unknown };
  if (state === "canceled") return { kind: "canceled", run: fence };
  // What a program says of itself is for its operator; what an error of the table says is for whoever asked.
  const shown = reason === "internal" ? new TidewireError("internal").message : message;
  return { kind: "failed", run: fence, reason, message: shown };
}
