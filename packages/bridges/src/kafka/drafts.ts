// Publications and gaps as records of a topic.
import type { ChannelGap } from "./continuation.ts";
import type { KeptPublication } from "./histories.ts";
import type { KafkaDraft } from "./writers.ts";

interface Address {
  readonly topic: string;
  readonly channel: string;
}

/** The key is the channel, so that its publications stay in one partition, in order. */
export function publicationDraft(
  { topic, channel }: Address,
  epoch: string,
  publication: KeptPublication,
): KafkaDraft & { readonly value: Buffer } {
  const { id, offset, data, form, key, removed, author, tags, atMs } = publication;
  const value = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const headers = headersOf({
    channel,
    epoch,
    offset: String(offset),
    id,
    time: String(atMs),
    form,
    key,
    removed: removed === true ? "true" : undefined,
    user: author?.user,
    tags: tags === undefined ? undefined : JSON.stringify(tags),
  });
  return { topic, key: Buffer.from(channel), value, headers, timestamp: BigInt(Math.max(0, Math.trunc(atMs))) };
}

/** It has no value: nobody takes it for a publication. */
export function gapDraft(topic: string, { channel, reason, from, to }: ChannelGap): KafkaDraft {
  const headers = headersOf({
    gap: reason,
    channel,
    epoch: to.epoch,
    offset: String(to.offset),
    "from-epoch": from?.epoch,
    "from-offset": from === null ? undefined : String(from.offset),
  });
  return { topic, key: Buffer.from(channel), headers };
}

/** About as many bytes as it takes in a batch. */
export function sizeOf({ key, value, headers }: KafkaDraft): number {
  let bytes = recordBytes + key.length + (value?.length ?? 0);
  for (const [name, text] of headers ?? []) bytes += headerBytes + name.length + text.length;
  return bytes;
}

const recordBytes = 24;
const headerBytes = 4;

function headersOf(given: Readonly<Record<string, string | undefined>>): Map<Buffer, Buffer> {
  const headers = new Map<Buffer, Buffer>();
  for (const [name, text] of Object.entries(given)) {
    if (text !== undefined) headers.set(Buffer.from(`tidewire-${name}`), Buffer.from(text));
  }
  return headers;
}
