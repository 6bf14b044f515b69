// Which store a contestant keeps its jobs in.
import type { StoreAddress, StoreName } from "../torture-jobs/stores.ts";
import type { ContestantName, Site } from "./talk.ts";

const kinds: Readonly<Record<ContestantName, StoreName | null>> = {
  bullmq: null,
  "tidewire on bullmq": "redis",
  "tidewire embedded": "embedded",
  "tidewire on rabbitmq": "rabbitmq",
};

export function storeOf({ contestant, url, path }: Site): StoreAddress {
  const kind = kinds[contestant];
  if (kind === null) throw new TypeError(`a contestant with a store of jobs was expected, got ${contestant}`);
  return { kind, url, path };
}
