// The messages of a room, whatever order they arrive in.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChatMessage } from "../../../contract/chat.ts";
import {
  emptyTimeline,
  hasBeginning,
  hasHole,
  lastSeq,
  type Timeline,
  type TimelineAction,
  timelineReducer,
} from "./timeline.ts";

function message(seq: number): ChatMessage {
  return {
    id: `m_${seq}`,
    room: "harbour",
    seq,
    author: { id: "guest_a", name: "A" },
    text: `${seq}`,
    atMs: seq,
    nonce: `nonce-${seq}`,
  };
}

function range(from: number, to: number): ChatMessage[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => message(from + index));
}

function after(...actions: TimelineAction[]): Timeline {
  return actions.reduce(timelineReducer, emptyTimeline);
}

function seqs(timeline: Timeline): number[] {
  return timeline.messages.map((each) => each.seq);
}

const page = (place: "newest" | "older" | "newer", messages: ChatMessage[]): TimelineAction => ({
  type: "page",
  place,
  messages,
});
const arrived = (seq: number): TimelineAction => ({ type: "arrived", message: message(seq) });

describe("a timeline", () => {
  it("holds back what arrives before the first page, and joins it then", () => {
    const before = after(arrived(6), arrived(7));
    expect(before.messages).toEqual([]);
    expect(seqs(timelineReducer(before, page("newest", range(3, 6))))).toEqual([3, 4, 5, 6, 7]);
  });

  it("begins in an empty room", () => {
    const empty = after(page("newest", []));
    expect([empty.isLoaded, lastSeq(empty), hasBeginning(empty)]).toEqual([true, 0, true]);
    expect(seqs(timelineReducer(empty, arrived(1)))).toEqual([1]);
  });

  it("shows no message beyond a hole until the hole was filled", () => {
    const holed = after(page("newest", range(1, 3)), arrived(5), arrived(6));
    expect(seqs(holed)).toEqual([1, 2, 3]);
    expect(hasHole(holed)).toBe(true);
    const filled = timelineReducer(holed, page("newer", range(4, 5)));
    expect(seqs(filled)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(hasHole(filled)).toBe(false);
  });

  it("takes older pages that join, once, and no others", () => {
    const timeline = after(page("newest", range(51, 60)), page("older", range(41, 50)), page("older", range(41, 50)));
    expect(seqs(timeline)).toEqual(range(41, 60).map((each) => each.seq));
    expect(seqs(timelineReducer(timeline, page("older", range(1, 10))))[0]).toBe(41);
    expect(hasBeginning(timeline)).toBe(false);
  });

  it("is replaced by a newest page that does not join it", () => {
    const timeline = after(page("newest", range(1, 10)), page("newest", range(900, 950)));
    expect(seqs(timeline)).toEqual(range(900, 950).map((each) => each.seq));
    expect(timeline.generation).toBe(1);
    expect(after(page("newest", range(1, 10)), page("newest", range(5, 14))).generation).toBe(0);
  });

  it("never has a hole, a repeat or another order, whatever arrives", () => {
    const action = fc.oneof(
      fc.integer({ min: 1, max: 30 }).map(arrived),
      fc
        .record({
          place: fc.constantFrom("newest" as const, "older" as const, "newer" as const),
          from: fc.integer({ min: 1, max: 30 }),
          size: fc.integer({ min: 0, max: 10 }),
        })
        .map(({ place, from, size }) => page(place, range(from, from + size - 1))),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const timeline = after(...actions);
        const [first = 0] = seqs(timeline);
        expect(seqs(timeline)).toEqual(timeline.messages.map((_, index) => first + index));
        for (const each of timeline.ahead) expect(each.seq).toBeGreaterThan(lastSeq(timeline));
      }),
    );
  });
});
