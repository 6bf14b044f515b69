// The messages of one room as this page has them: one run of numbers without a hole, and what lies ahead of a hole. Pure.
import type { ChatMessage } from "../../../contract/chat.ts";

export interface Timeline {
  /** False until the first page of the room's history is here. */
  readonly isLoaded: boolean;
  /** Ascending; each number is the one before it plus one. */
  readonly messages: readonly ChatMessage[];
  /** What arrived beyond a hole; it joins the others once the hole was read from the database. */
  readonly ahead: readonly ChatMessage[];
  /** Grows when the run was replaced by one that does not join it. */
  readonly generation: number;
}

export type TimelineAction =
  | { readonly type: "arrived"; readonly message: ChatMessage }
  /** A page of history: the newest messages, the ones before the first, or the ones after the last. */
  | { readonly type: "page"; readonly place: "newest" | "older" | "newer"; readonly messages: readonly ChatMessage[] };

export const emptyTimeline: Timeline = { isLoaded: false, messages: [], ahead: [], generation: 0 };

export function timelineReducer(timeline: Timeline, action: TimelineAction): Timeline {
  if (action.type === "arrived") return extend(timeline, [action.message]);
  switch (action.place) {
    case "older":
      return prepend(timeline, action.messages);
    case "newer":
      return extend(timeline, action.messages);
    case "newest":
      return begin(timeline, action.messages);
  }
}

/** The number of the newest message without a hole before it; 0 in an empty room. */
export function lastSeq(timeline: Timeline): number {
  return timeline.messages.at(-1)?.seq ?? 0;
}

/** Whether something is missing between the run and what lies ahead of it. */
export function hasHole(timeline: Timeline): boolean {
  return timeline.isLoaded && timeline.ahead.length > 0;
}

export function hasBeginning(timeline: Timeline): boolean {
  return timeline.isLoaded && (timeline.messages[0]?.seq ?? 1) === 1;
}

function extend(timeline: Timeline, arriving: readonly ChatMessage[]): Timeline {
  const last = lastSeq(timeline);
  const fresh = arriving.filter(
    (message) => message.seq > last && !timeline.ahead.some((other) => other.seq === message.seq),
  );
  if (fresh.length === 0) return timeline;
  const waiting = [...timeline.ahead, ...fresh].toSorted((one, other) => one.seq - other.seq);
  if (!timeline.isLoaded) return { ...timeline, ahead: waiting };
  const joining = runAfter(last, waiting);
  if (joining === 0) return { ...timeline, ahead: waiting };
  return {
    ...timeline,
    messages: [...timeline.messages, ...waiting.slice(0, joining)],
    ahead: waiting.slice(joining),
  };
}

/** How many of `waiting` follow on `last` without a hole. */
function runAfter(last: number, waiting: readonly ChatMessage[]): number {
  const broken = waiting.findIndex((message, index) => message.seq !== last + 1 + index);
  return broken === -1 ? waiting.length : broken;
}

function prepend(timeline: Timeline, older: readonly ChatMessage[]): Timeline {
  const first = timeline.messages[0]?.seq;
  // Two requests for the same page may both be answered.
  if (first === undefined || older.at(-1)?.seq !== first - 1) return timeline;
  return { ...timeline, messages: [...older, ...timeline.messages] };
}

/** The newest page starts the run, or replaces one that it does not join: what lies between is read when scrolled to. */
function begin(timeline: Timeline, newest: readonly ChatMessage[]): Timeline {
  const first = newest[0]?.seq;
  const joins = timeline.isLoaded && (first === undefined || first <= lastSeq(timeline) + 1);
  if (joins) return extend(timeline, newest);
  const generation = timeline.isLoaded ? timeline.generation + 1 : timeline.generation;
  return extend({ isLoaded: true, messages: newest, ahead: [], generation }, timeline.ahead);
}
