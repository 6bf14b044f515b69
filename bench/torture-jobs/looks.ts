// Looks at what is there when all is over: jobs as their store has them, ends as the log of their channels has them.
import type { JobStore } from "@tidewire/jobs";
import { jobChannel, type JobEvent } from "@tidewire/protocol";
import type { Kept, Told } from "./checker.ts";
import { apiKey } from "./job.ts";

const atOnce = 20;

/** Those that the store knows. */
export async function keptIn(store: JobStore, ids: readonly string[]): Promise<ReadonlyMap<string, Kept>> {
  const kept = new Map<string, Kept>();
  await forEach(ids, async (id) => {
    const [job] = await store.read({ kind: "one", id });
    if (job !== undefined) kept.set(id, job);
  });
  return kept;
}

/** Every end that was published of a job. */
export async function toldIn(port: number, ids: readonly string[]): Promise<ReadonlyMap<string, readonly Told[]>> {
  const told = new Map<string, readonly Told[]>();
  await forEach(ids, async (id) => void told.set(id, await endsOf(port, id)));
  return told;
}

interface Answer {
  readonly result?: { readonly publications: readonly { readonly data: JobEvent }[] };
}

async function endsOf(port: number, id: string): Promise<readonly Told[]> {
  const response = await fetch(`http://127.0.0.1:${port}/api/history`, {
    method: "POST",
    headers: { "x-api-key": apiKey, "content-type": "application/json" },
    body: JSON.stringify({ channel: jobChannel.name({ id }), limit: -1 }),
  });
  const { result } = (await response.json()) as Answer;
  if (result === undefined) throw new Error(`the history of job ${id} was expected, got status ${response.status}`);
  return result.publications.flatMap(({ data }) => toldBy(data));
}

function toldBy(event: JobEvent): readonly Told[] {
  if (event.kind === "done") return [{ state: "done", output: event.output, reason: "" }];
  if (event.kind === "failed") return [{ state: "dead", output: null, reason: event.reason }];
  return event.kind === "canceled" ? [{ state: "canceled", output: null, reason: "" }] : [];
}

async function forEach<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]();
  const hands = Array.from({ length: atOnce }, async () => {
    for (const item of left) await act(item);
  });
  await Promise.all(hands);
}
