// What is asked of a store, as data, for stores whose jobs are kept behind a thread or a connection.
import type {
  Added,
  Claimed,
  Hold,
  JobCount,
  JobDraft,
  JobQuery,
  JobRecord,
  JobStore,
  Outcome,
  Renewal,
  Settled,
  Wanted,
} from "./job-store.ts";

export type Ask =
  | { readonly kind: "add"; readonly drafts: readonly JobDraft[] }
  | { readonly kind: "claim"; readonly wanted: Wanted }
  | { readonly kind: "renew"; readonly holds: readonly Hold[]; readonly leaseMs: number }
  | { readonly kind: "settle"; readonly hold: Hold; readonly outcome: Outcome }
  | { readonly kind: "change"; readonly id: string; readonly what: "cancel" | "replay" }
  | { readonly kind: "read"; readonly query: JobQuery }
  | { readonly kind: "counts" };

/** What each of them is answered with. */
export interface Answers {
  readonly add: readonly Added[];
  readonly claim: Claimed;
  readonly renew: readonly Renewal[];
  readonly settle: Settled;
  readonly change: boolean;
  readonly read: readonly JobRecord[];
  readonly counts: readonly JobCount[];
}

/** Asks it of a store. */
export async function obey(store: JobStore, ask: Ask): Promise<Answers[keyof Answers]> {
  switch (ask.kind) {
    case "add":
      return await store.add(ask.drafts);
    case "claim":
      return await store.claim(ask.wanted);
    case "renew":
      return await store.renew(ask.holds, ask.leaseMs);
    case "settle":
      return await store.settle(ask.hold, ask.outcome);
    case "change":
      return await store.change(ask.id, ask.what);
    case "read":
      return await store.read(ask.query);
    case "counts":
      return await store.counts();
  }
}
