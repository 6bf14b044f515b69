// The mails that a page has read of the mailbox, newest first and without a hole.
import type { Mail } from "../../../contract/mailbox.ts";

export type PlacedMail = Mail & { readonly place: number };

export type MailboxState =
  | { readonly kind: "loading" }
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "ready"; readonly mails: readonly PlacedMail[]; readonly hasMore: boolean };

interface MailPage {
  readonly mails: readonly PlacedMail[];
  readonly hasMore: boolean;
}

export type MailboxAction =
  | { readonly type: "newest"; readonly page: MailPage }
  | { readonly type: "older"; readonly page: MailPage }
  | { readonly type: "failed"; readonly why: string };

export function mailboxReducer(state: MailboxState, action: MailboxAction): MailboxState {
  const known = state.kind === "ready" ? state : { mails: [], hasMore: false };
  switch (action.type) {
    case "newest":
      return { kind: "ready", ...withNewest(known, action.page) };
    case "older":
      return { kind: "ready", mails: joined(known.mails, action.page.mails), hasMore: action.page.hasMore };
    case "failed":
      // What is there is still true.
      return state.kind === "ready" ? state : { kind: "failed", why: action.why };
  }
}

/** A page that does not reach what is known leaves a hole before it; then it is the page alone that counts. */
function withNewest(known: MailPage, page: MailPage): MailPage {
  const newest = known.mails[0]?.place ?? 0;
  const oldest = page.mails.at(-1)?.place ?? 0;
  if (page.hasMore && oldest > newest) return page;
  const isAll = !page.hasMore;
  return { mails: joined(page.mails, isAll ? [] : known.mails), hasMore: isAll ? false : known.hasMore };
}

function joined(newer: readonly PlacedMail[], older: readonly PlacedMail[]): readonly PlacedMail[] {
  const last = newer.at(-1)?.place ?? Number.POSITIVE_INFINITY;
  return [...newer, ...older.filter(({ place }) => place < last)];
}
