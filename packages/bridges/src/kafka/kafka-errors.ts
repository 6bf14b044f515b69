// What Kafka says by its errors, however deep the client has packed them.
import { reasonOf } from "@tidewire/protocol/ports";

/** Kafka's names of what went wrong, such as `MESSAGE_TOO_LARGE`. */
export function apiIdsOf(thrown: unknown): ReadonlySet<string> {
  const ids = new Set<string>();
  const looking: unknown[] = [thrown];
  for (let seen = 0; looking.length > 0 && seen < mostErrors; seen += 1) {
    const { apiId, errors, cause } = Object(looking.pop()) as Readonly<Record<string, unknown>>;
    if (typeof apiId === "string") ids.add(apiId);
    if (Array.isArray(errors)) looking.push(...(errors as unknown[]));
    if (cause !== undefined) looking.push(cause);
  }
  return ids;
}

const mostErrors = 1_000;

/** What to say of it: a message of the client's alone says only which request it was. */
export function kafkaReasonOf(thrown: unknown): string {
  const ids = [...apiIdsOf(thrown)];
  return ids.length === 0 ? reasonOf(thrown) : `${reasonOf(thrown)} (${ids.join(", ")})`;
}

const recordsFaults = ["MESSAGE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_RECORD", "INVALID_TIMESTAMP"];

/** Which fault of the records themselves it is: they would be refused again. `null`: it is none. */
export function recordsFaultOf(thrown: unknown): string | null {
  const ids = apiIdsOf(thrown);
  return recordsFaults.find((id) => ids.has(id)) ?? null;
}
