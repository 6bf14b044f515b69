// A crowd of control frames: more wait for a client than may, and of the server's own events none can be held back.
import type { CloseReasonName } from "@tidewire/protocol";
import type { Metrics } from "../ports/metrics.ts";
import type { Outbox } from "./outbox.ts";

/** Whose frames wait. */
export interface CrowdedSession {
  readonly node: { readonly metrics: Metrics };
  readonly outbox: Pick<Outbox, "crowdedBy">;
  close(reason: CloseReasonName, detail: string): void;
}

export function closeCrowded(session: CrowdedSession): void {
  const limit = session.outbox.crowdedBy;
  if (limit !== null) session.node.metrics.hit(limit);
  session.close("slow", "too many events wait for it");
}
