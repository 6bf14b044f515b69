// A gap: publications were lost for this reader, and what its client is told of it, in its place in the stream.
import type { CloseReasonName } from "@tidewire/protocol";
import type { Pullable, Pulled } from "../hub/subscriber.ts";
import type { Granted } from "./granted.ts";
import type { Link } from "./link.ts";
import type { SessionNode } from "./node.ts";

export type Gap = Extract<Pulled, { kind: "gap" }>;

/** What of a session a gap concerns. */
export interface GapReader {
  readonly node: SessionNode;
  readonly subscriptions: Map<string, Granted>;
  close(reason: CloseReasonName, detail: string): void;
}

/** The frame that says it, and whether the source goes on. */
export function tellGap(
  reader: GapReader,
  link: Link,
  { source: { channel }, gap }: { readonly source: Pullable; readonly gap: Gap },
): { readonly frame: Uint8Array | null; readonly goesOn: boolean } {
  const { node, subscriptions } = reader;
  node.metrics.add("gaps");
  if (gap.skipped !== null) {
    return { frame: link.event({ kind: "skipped", channel, count: gap.skipped }), goesOn: true };
  }
  if (link.traits.onGap === "continue") {
    return { frame: link.event({ kind: "gap", channel, position: gap.to }), goesOn: true };
  }
  // Nothing newer may follow the gap, not even until the client has been told.
  const lost = subscriptions.get(channel);
  lost?.close();
  subscriptions.delete(channel);
  if (link.traits.onGap === "close" || lost?.isServerSide === true) {
    // Not from within a flush: what it has taken so far is written first.
    node.clock.defer(() => reader.close("insufficient_state", "publications were lost"));
    return { frame: null, goesOn: false };
  }
  return { frame: link.event({ kind: "unsubscribed", channel, reason: "insufficient_state" }), goesOn: false };
}
