// The mails of a page: in order, once each, and without a hole.
import { expect, test } from "vitest";
import { mailboxReducer, type MailboxState, type PlacedMail } from "./mailbox-state.ts";

const mail = (place: number): PlacedMail => ({
  place,
  id: `m_${place}`,
  to: { name: "Lou", address: "lou@harbor.test" },
  subject: "",
  text: "",
  path: "/chat",
  atMs: place,
});
const page = (places: readonly number[], hasMore: boolean) => ({ mails: places.map(mail), hasMore });
const ready = (places: readonly number[], hasMore: boolean): MailboxState => ({
  kind: "ready",
  ...page(places, hasMore),
});
const placesIn = (state: MailboxState): unknown =>
  state.kind === "ready" ? [state.mails.map(({ place }) => place), state.hasMore] : state.kind;

test.each([
  ["of an empty mailbox", ready([], false), page([1], false), [[1], false]],
  ["with what is known", ready([3, 2], true), page([4, 3], true), [[4, 3, 2], true]],
  ["that does not reach what is known", ready([3, 2], false), page([9, 8], true), [[9, 8], true]],
  ["that is all there is", ready([3, 2], true), page([4], false), [[4], false]],
] as const)("the newest page, %s", (...[, state, given, expected]) => {
  expect(placesIn(mailboxReducer(state, { type: "newest", page: given }))).toEqual(expected);
});

test("older ones are added once", () => {
  const state = mailboxReducer(ready([9, 8], true), { type: "older", page: page([7, 6], false) });
  expect(placesIn(state)).toEqual([[9, 8, 7, 6], false]);
  expect(placesIn(mailboxReducer(state, { type: "older", page: page([7, 6], false) }))).toEqual([[9, 8, 7, 6], false]);
});

test("what was read stays when reading again fails", () => {
  const state = ready([1], false);
  expect(mailboxReducer(state, { type: "failed", why: "" })).toBe(state);
  expect(mailboxReducer({ kind: "loading" }, { type: "failed", why: "no" })).toEqual({ kind: "failed", why: "no" });
});
