// A room as this page has it: its messages from the database and from the channel, as one run without a hole.
import type { SubscriptionStatus } from "@tidewire/client";
import { useCall, useChannel } from "@tidewire/react";
import { useCallback, useEffect, useRef, useState } from "react";
import { chat, historyPageSize, readHistory } from "../../../contract/chat.ts";
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

  const catchUp = useCallback(async () => {
    const before = latest.current;
    const newest = await history({ room, limit: historyPageSize });
    outbox.settle(new Set(newest.messages.map((message) => message.nonce)));
    const missing = newest.lastSeq - lastSeq(before);
    if (before.isLoaded && missing > newest.messages.length && missing <= fillUpTo) {
      for (let after = lastSeq(before); after < newest.lastSeq;) {
        const page = await history({ room, after, limit: historyPageSize });
        dispatch({ type: "page", place: "newer", messages: page.messages });
        after = page.messages.at(-1)?.seq ?? newest.lastSeq;
      }
    }
    dispatch({ type: "page", place: "newest", messages: newest.messages });
  }, [history, room, outbox, dispatch]);

  const { trouble, loadAgain } = useCatchUp({
    catchUp,
    isLive: status.kind === "live",
    gaps,
    isHoled: hasHole(timeline),
  });
  const older = useOlder({ room, history, timeline, dispatch });
  return { timeline, status, trouble, loadAgain, ...older };
}

interface CatchUp {
  readonly catchUp: () => Promise<void>;
  readonly isLive: boolean;
  /** How many gaps the channel has told of. */
  readonly gaps: number;
  readonly isHoled: boolean;
}

/**
 * Reads history when the room is opened, after each gap, and when the numbers show a hole. Only while the channel is
 * live: what comes after the answer then comes on the channel, so nothing falls between the two.
 */
function useCatchUp({ catchUp, isLive, gaps, isHoled }: CatchUp): { trouble: string | null; loadAgain: () => void } {
  const [trouble, setTrouble] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  const done = useRef<string | null>(null);
  useEffect(() => {
    const wanted = `${gaps} ${round}`;
    if (!isLive || (done.current === wanted && !isHoled)) return undefined;
    let isCurrent = true;
    catchUp().then(
      () => {
        if (!isCurrent) return;
        done.current = wanted;
        setTrouble(null);
      },
      (thrown: unknown) => isCurrent && setTrouble(sentenceFor(thrown)),
    );
    return () => {
      isCurrent = false;
    };
  }, [catchUp, isLive, gaps, round, isHoled]);
  const loadAgain = useCallback(() => setRound((before) => before + 1), []);
  return { trouble, loadAgain };
}

interface Older {
  readonly room: string;
  readonly history: ReturnType<typeof useCall<typeof readHistory>>;
  readonly timeline: Timeline;
  readonly dispatch: (action: Parameters<typeof timelineReducer>[1]) => void;
}

function useOlder({ room, history, timeline, dispatch }: Older): { isLoadingOlder: boolean; loadOlder: () => void } {
  const [isLoadingOlder, setIsLoading] = useState(false);
  const isBusy = useRef(false);
  const first = timeline.messages[0]?.seq;
  const canLoad = first !== undefined && !hasBeginning(timeline);
  const loadOlder = useCallback(() => {
    if (!canLoad || isBusy.current) return;
    isBusy.current = true;
    setIsLoading(true);
    history({ room, before: first, limit: historyPageSize })
      .then(
        (page) => dispatch({ type: "page", place: "older", messages: page.messages }),
        // Scrolling on asks again.
        () => undefined,
      )
      .finally(() => {
        isBusy.current = false;
        setIsLoading(false);
      });
  }, [canLoad, first, history, room, dispatch]);
  return { isLoadingOlder, loadOlder };
}
