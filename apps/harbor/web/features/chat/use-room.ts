// A room as this page has it: its messages from the database and from the channel, as one run without a hole.
import type { SubscriptionStatus } from "@tidewire/client";
import { useCall, useChannel, useNewestCall } from "@tidewire/react";
import { useCallback, useEffect, useRef, useState } from "react";
import { chat, readHistory } from "../../../contract/chat.ts";
import { type ShelfName, useKeptReducer } from "../../connection/kept.tsx";
import { useOutbox } from "./outbox-provider.tsx";
import { emptyTimeline, hasBeginning, hasHole, lastSeq, type Timeline, timelineReducer } from "./timeline.ts";
import { sentenceFor } from "../../theme/words-for-errors.ts";

/** After a gap larger than this the newest page is shown, and what lies between is read when one scrolls there. */
const fillUpTo = 500;

/** Rooms whose messages are kept while one looks elsewhere. */
const timelines: ShelfName<Timeline> = { most: 20 };

export interface RoomView {
  readonly timeline: Timeline;
  readonly status: SubscriptionStatus;
  /** Why history could not be read, for people; `null` while nothing is wrong. */
  readonly trouble: string | null;
  readonly isLoadingOlder: boolean;
  readonly loadOlder: () => void;
  readonly loadAgain: () => void;
}

export function useRoom(room: string): RoomView {
  const [timeline, dispatch] = useKeptReducer(timelineReducer, emptyTimeline, { shelf: timelines, key: room });
  const outbox = useOutbox();
  const [gaps, setGaps] = useState(0);
  const { channel, status } = useChannel(
    chat,
    { room },
    {
      keep: 0,
      onPublication: ({ data }) => {
        dispatch({ type: "arrived", message: data.message });
        outbox.settle(new Set([data.message.nonce]));
      },
    },
  );
  useEffect(() => channel.onGap(() => setGaps((before) => before + 1)), [channel]);
  const history = useCall(readHistory);
  const latest = useRef(timeline);
  useEffect(() => {
    latest.current = timeline;
  });

  const catchUp = useCallback(
    async (signal: AbortSignal) => {
      const before = latest.current;
      const newest = await history({ room }, { signal });
      outbox.settle(new Set(newest.messages.map((message) => message.nonce)));
      const missing = newest.lastSeq - lastSeq(before);
      if (before.isLoaded && missing > newest.messages.length && missing <= fillUpTo) {
        for (let after = lastSeq(before); after < newest.lastSeq;) {
          const page = await history({ room, after }, { signal });
          dispatch({ type: "page", place: "newer", messages: page.messages });
          after = page.messages.at(-1)?.seq ?? newest.lastSeq;
        }
      }
      dispatch({ type: "page", place: "newest", messages: newest.messages });
    },
    [history, room, outbox, dispatch],
  );

  const { trouble, loadAgain } = useCatchUp({
    catchUp,
    isLive: status.kind === "live",
    gaps,
    isHoled: hasHole(timeline),
  });
  const older = useOlder({ room, timeline, dispatch });
  return { timeline, status, trouble, loadAgain, ...older };
}

interface CatchUp {
  readonly catchUp: (signal: AbortSignal) => Promise<void>;
  readonly isLive: boolean;
  /** How many gaps the channel has told of. */
  readonly gaps: number;
  readonly isHoled: boolean;
}

/**
 * Reads history when the room is opened, after each gap, and when the numbers show a hole. Only while the channel is
 * live: what comes after the answer then comes on the channel, so nothing falls between the two. Whoever leaves the room
 * cancels what is still to be read.
 */
function useCatchUp({ catchUp, isLive, gaps, isHoled }: CatchUp): { trouble: string | null; loadAgain: () => void } {
  const [trouble, setTrouble] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  const done = useRef<string | null>(null);
  useEffect(() => {
    const wanted = `${gaps} ${round}`;
    if (!isLive || (done.current === wanted && !isHoled)) return undefined;
    const leaving = new AbortController();
    const { signal } = leaving;
    catchUp(signal).then(
      () => {
        if (signal.aborted) return;
        done.current = wanted;
        setTrouble(null);
      },
      (thrown: unknown) => signal.aborted || setTrouble(sentenceFor(thrown)),
    );
    return () => leaving.abort();
  }, [catchUp, isLive, gaps, round, isHoled]);
  const loadAgain = useCallback(() => setRound((before) => before + 1), []);
  return { trouble, loadAgain };
}

interface Older {
  readonly room: string;
  readonly timeline: Timeline;
  readonly dispatch: (action: Parameters<typeof timelineReducer>[1]) => void;
}

function useOlder({ room, timeline, dispatch }: Older): { isLoadingOlder: boolean; loadOlder: () => void } {
  const { ask, cancel, isPending } = useNewestCall(readHistory);
  const first = timeline.messages[0]?.seq;
  const canLoad = first !== undefined && !hasBeginning(timeline) && !isPending;
  const loadOlder = useCallback(() => {
    if (!canLoad) return;
    ask({ room, before: first }).then(
      (page) => dispatch({ type: "page", place: "older", messages: page.messages }),
      // Scrolling on asks again.
      () => undefined,
    );
  }, [ask, canLoad, first, room, dispatch]);
  // The page of a room that was left is of no use in the next.
  useEffect(() => cancel, [cancel, room]);
  return { isLoadingOlder: isPending, loadOlder };
}
