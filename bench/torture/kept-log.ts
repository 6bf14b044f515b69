// The log of a channel as a node gives it, page by page through the server API, to be compared with the acks.
import type { Position } from "@tidewire/protocol";
import type { Address } from "./addresses.ts";
import { apiKey, historyPage } from "./node-options.ts";

export interface KeptLog {
  readonly top: Position;
  readonly log: readonly { readonly position: Position; readonly value: number }[];
}

interface Answer {
  readonly result?: Position & { readonly publications: readonly { readonly offset: number; readonly data: number }[] };
  readonly error?: unknown;
}

/** @throws {Error} When the node does not give it. */
export async function readLog({ host, port }: Address, channel: string): Promise<KeptLog> {
  const log: { position: Position; value: number }[] = [];
  for (let since: Position | null = null; ;) {
    const body = JSON.stringify({ channel, limit: historyPage, ...(since && { since }) });
    const headers = { "x-api-key": apiKey, "content-type": "application/json" };
    const response = await fetch(`http://${host}:${port}/api/history`, { method: "POST", headers, body });
    const { result, error } = (await response.json()) as Answer;
    if (result === undefined) throw new Error(`${channel}: ${JSON.stringify(error)}`);
    const { epoch, offset, publications } = result;
    for (const each of publications) log.push({ position: { epoch, offset: each.offset }, value: each.data });
    const last = publications.at(-1)?.offset ?? offset;
    if (last >= offset) return { top: { epoch, offset }, log };
    since = { epoch, offset: last };
  }
}
