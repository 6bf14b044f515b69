// A store that this process has itself, opened together with the keeper through which others ask it.
import type { JobStore } from "@tidewire/jobs";
import type { RabbitmqKeeper } from "@tidewire/jobs/rabbitmq";

export class KeptStore implements JobStore {
  readonly #store: JobStore;
  readonly #keeper: RabbitmqKeeper;

  constructor(store: JobStore, keeper: RabbitmqKeeper) {
    this.#store = store;
    this.#keeper = keeper;
  }

  async open(): Promise<void> {
    await this.#store.open();
    try {
      await this.#keeper.open();
    } catch (thrown) {
      await this.#store.close();
      throw thrown;
    }
  }

  async close(): Promise<void> {
    await this.#keeper.close();
    await this.#store.close();
  }

  add: JobStore["add"] = async (drafts) => await this.#store.add(drafts);
  claim: JobStore["claim"] = async (wanted) => await this.#store.claim(wanted);
  renew: JobStore["renew"] = async (holds, leaseMs) => await this.#store.renew(holds, leaseMs);
  settle: JobStore["settle"] = async (hold, outcome) => await this.#store.settle(hold, outcome);
  read: JobStore["read"] = async (query) => await this.#store.read(query);
  counts: JobStore["counts"] = async () => await this.#store.counts();
  change: JobStore["change"] = async (id, what) => await this.#store.change(id, what);
}
