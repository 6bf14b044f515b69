// Each way in which an answer can be none, and honest answers of engines, which all pass.
import { describe, expect, it } from "vitest";
import type { Draft, Page, PageLimit, PageStart, Publication } from "./engine.ts";
import { faultOfAck, faultOfAnnouncement, faultOfPage, faultOfPosition, faultOfTops } from "./answers.ts";

const data = Buffer.from("1");
const limit: PageLimit = { publications: 3, bytes: 10 };

function at(offset: number, more: object = {}): Publication {
  const previous = offset <= 1 ? null : { offset: offset - 1, id: `id-${offset - 1}` };
  return { id: `id-${offset}`, offset, previous, data, form: "json", atMs: 1, ...more };
}

const page = (publications: readonly unknown[], more: object = {}): unknown => ({
  publications,
  top: { epoch: "e", offset: 9 },
  floor: 0,
  more: true,
  ...more,
});

const after5: PageStart = { after: { epoch: "e", offset: 5 } };

describe("a page", () => {
  const wrong: [string, unknown, RegExp][] = [
    ["none", null, /a page, got null/],
    ["undefined", undefined, /a page, got undefined/],
    ["without publications", page([], { publications: undefined }), /publications, got undefined/],
    ["with a null in it", page([at(6), null]), /a publication, got null/],
    ["without a top", page([at(6)], { top: null }), /a position, got null/],
    ["with no epoch", page([at(6)], { top: { epoch: "", offset: 9 } }), /an epoch, got ""/],
    ["with a floor that is none", page([at(6)], { floor: NaN }), /a floor, got NaN/],
    ["that does not say whether there is more", page([at(6)], { more: "yes" }), /more, got "yes"/],
    ["larger than asked", page([at(6), at(7), at(8), at(9)], { more: false }), /at most 3 publications, got 4/],
    ["heavier than asked", page([at(6), at(7, { data: Buffer.alloc(10) })]), /at most 10 bytes, got 11/],
    ["empty where there is more", page([]), /a publication where there is more, got none/],
    ["that repeats what was asked after", page([at(5), at(6)]), /after 5, got 5/],
    ["from before", page([at(3)]), /after 5, got 3/],
    ["above its top", page([at(6)], { top: { epoch: "e", offset: 5 } }), /above the top, 5, got 6/],
    ["that ends early", page([at(6), at(7)], { more: false }), /up to the top, 9, got no more than 7/],
    ["empty, though nothing is gone", page([], { more: false, floor: 5 }), /up to the top, 9, got no more than 5/],
    ["with one twice", page([at(6), at(6)]), /above 6, got 6/],
    ["out of order", page([at(7), at(6)]), /above 7, got 6/],
    ["with a hole", page([at(6), at(8)]), /link to 6 before 8/],
    ["whose links name another", page([at(6), at(7, { previous: { offset: 6, id: "x" } })]), /link to 6 before 7/],
    ["of another epoch", page([at(6)], { top: { epoch: "f", offset: 9 } }), /nothing of "e"/],
    ["with one without a place", page([at(0)]), /a place, got one without/],
  ];

  it.each(wrong)("%s", (_, given, says) => expect(faultOfPage(given, { start: after5, limit })).toMatch(says));

  const offsets = [-1, 6.5, NaN, Infinity, 2 ** 53, "6", null, undefined, {}];
  it.each(offsets)("with the offset %s", (offset) => {
    expect(faultOfPage(page([at(6, { offset })]), { start: after5, limit })).toMatch(/an offset, got/);
    expect(faultOfPage(page([at(6)], { top: { epoch: "e", offset } }), { start: after5, limit })).toMatch(/an offset/);
  });

  it("backward: nothing at or above its start", () => {
    const start: PageStart = { before: { epoch: "e", offset: 5 } };
    expect(faultOfPage(page([at(4), at(5)]), { start, limit })).toMatch(/before 5, got 5/);
    expect(faultOfPage(page([at(3), at(4)]), { start, limit })).toBe(null);
    expect(faultOfPage(page([], { more: false }), { start, limit })).toBe(null);
  });

  it("of the newest: up to the top, whether or not there is more", () => {
    expect(faultOfPage(page([at(7), at(8)]), { start: "newest", limit })).toMatch(
      /up to the top, 9, got no more than 8/,
    );
    expect(faultOfPage(page([at(8), at(9)]), { start: "newest", limit })).toBe(null);
  });

  const right: [string, unknown][] = [
    ["cut by its limit", page([at(6), at(7), at(8)])],
    ["up to the top", page([at(6), at(7)], { top: { epoch: "e", offset: 7 }, more: false })],
    ["of which the beginning is gone", page([at(8), at(9)], { floor: 7, more: false })],
    ["of which all is gone", page([], { floor: 9, more: false })],
    ["at the end", page([], { top: { epoch: "e", offset: 5 }, more: false })],
    ["of an epoch that has ended", page([], { top: { epoch: "f", offset: 9 }, more: false })],
    ["of one that is too large", page([at(6, { data: Buffer.alloc(99) })])],
    ["of a table, which has no links", page([at(6, { key: "a" }), at(9, { key: "b" })], { more: false })],
    ["of a table whose last removal is forgotten", page([at(6, { key: "a" })], { floor: 9, more: false })],
    ["whose links do not know the id", page([at(6), at(7, { previous: { offset: 6, id: null } })])],
  ];

  it.each(right)("%s, is one", (_, given) => expect(faultOfPage(given, { start: after5, limit })).toBe(null));
});

describe("an announcement", () => {
  const wrong: [string, unknown, RegExp][] = [
    ["of undefined", undefined, /a publication, got undefined/],
    ["without an id", at(1, { id: "" }), /an id, got ""/],
    ["behind itself", at(2, { previous: { offset: 2, id: "x" } }), /before 2, got one at 2/],
    ["behind nothing", at(2, { previous: undefined }), /before 2, got undefined/],
    ["behind a fraction", at(2, { previous: { offset: 0.5, id: "x" } }), /before 2, got one at 0.5/],
    ["of text instead of bytes", at(1, { data: "1" }), /bytes, got "1"/],
    ["in a form nobody knows", at(1, { form: "xml" }), /json, text or bytes, got "xml"/],
    ["with a number for a key", at(1, { key: 7 }), /a key, got 7/],
    ["that is half removed", at(1, { removed: false }), /true, got false/],
    ["at no time", at(1, { atMs: NaN }), /a time, got NaN/],
    ["by nobody", at(1, { author: { user: "u" } }), /an author, got object/],
    ["with tags that are none", at(1, { tags: { a: 1 } }), /tags, got object/],
  ];
  it.each(wrong)("%s", (_, given, says) => expect(faultOfAnnouncement("c", "e", given)).toMatch(says));

  it("of no channel, or in no epoch", () => {
    expect(faultOfAnnouncement(undefined, "e", at(1))).toBe("expected a channel, got undefined");
    expect(faultOfAnnouncement("c", "", at(1))).toBe('expected an epoch, got ""');
    expect(faultOfAnnouncement("c", "e", at(1, { author: { session: "s", user: "u" }, tags: { a: "b" } }))).toBe(null);
  });
});

describe("an ack", () => {
  const retention = { size: 10, ttlMs: 1_000 };
  const draft: Draft = { kind: "value", body: { data, form: "json" }, retention };
  const ack = (more: object = {}): unknown => ({
    position: { epoch: "e", offset: 4 },
    publication: at(4),
    duplicate: false,
    durability: "fsync",
    ...more,
  });
  const wrong: [string, unknown, RegExp][] = [
    ["none", undefined, /an ack, got undefined/],
    ["at no position", ack({ position: "4" }), /a position, got "4"/],
    ["that does not know whether it is a duplicate", ack({ duplicate: undefined }), /duplicate, got undefined/],
    ["of a durability nobody knows", ack({ durability: "sure" }), /a durability, got "sure"/],
    ["without its publication", ack({ publication: null }), /a publication, got null/],
    ["of another place", ack({ publication: at(5) }), /the publication at 4, got the one at 5/],
    ["of another key", ack({ publication: at(4, { key: "k" }) }), /the key undefined, got "k"/],
    ["of a removal", ack({ publication: at(4, { removed: true }) }), /a value, got the other/],
    ["of another publish", ack({ publication: at(4, { data: Buffer.from("2") }) }), /1 bytes back, got 1 others/],
    ["without a place", ack({ position: { epoch: "e", offset: 0 }, publication: at(0) }), /a place, got offset 0/],
  ];
  it.each(wrong)("%s", (_, given, says) => expect(faultOfAck(given, draft)).toMatch(says));

  it("of what is not kept has no place, of a clear no publication, and a removal may have found nothing", () => {
    const ephemeral: Draft = { ...draft, retention: null };
    const table = { kind: "table", keys: 9, bytes: 9, ttlMs: 9 } as const;
    const nowhere = { position: { epoch: "e", offset: 0 } };
    expect(faultOfAck(ack(), ephemeral)).toMatch(/no place, got offset 4/);
    expect(faultOfAck(ack({ ...nowhere, publication: at(0) }), ephemeral)).toBe(null);
    expect(faultOfAck(ack(), { kind: "clear" })).toMatch(/no publication after a clear/);
    expect(faultOfAck(ack({ ...nowhere, publication: null }), { kind: "clear" })).toBe(null);
    expect(faultOfAck(ack({ publication: null }), { kind: "remove", key: "k", retention: table })).toBe(null);
    const removal = at(4, { key: "k", removed: true });
    expect(faultOfAck(ack({ publication: removal }), { kind: "remove", key: "k", retention: table })).toBe(null);
    expect(faultOfAck(ack({ duplicate: true, ...nowhere, publication: at(0) }), draft)).toBe(null);
    expect(faultOfAck(ack(), draft)).toBe(null);
  });
});

it("tops are as many as were asked for", () => {
  const top = { epoch: "e", offset: 0 };
  expect(faultOfTops([top, top], 2)).toBe(null);
  expect(faultOfTops([top], 2)).toBe("expected 2 positions, got 1");
  expect(faultOfTops(null, 2)).toBe("expected 2 positions, got null");
  expect(faultOfTops([top, { epoch: 1, offset: 0 }], 2)).toBe("expected an epoch, got 1");
  expect(faultOfPosition([])).toBe("expected an epoch, got undefined");
});

it("says what came without asking it for its text", () => {
  const hostile = {
    toString: () => {
      throw new Error("no");
    },
  };
  const given = page([at(6, { offset: hostile })]) as Page;
  expect(faultOfPage(given, { start: after5, limit })).toBe("expected an offset, got object");
  expect(faultOfPosition({ epoch: "e", offset: "x".repeat(1_000) })).toBe(
    `expected an offset, got "${"x".repeat(40)}"`,
  );
});
