// How far the room was read: what is marked as read, where the "new" line stands, and how much arrived out of sight.
import { useCallback, useEffect, useState } from "react";
import type { ListedRoom } from "../../../contract/rooms.ts";
import { useRooms } from "./rooms-provider.tsx";

interface Reading {
  readonly room: ListedRoom;
  /** The number of the newest message here. */
  readonly newest: number;
  readonly isAtBottom: boolean;
}

export interface ReadSoFar {
  /** The "new" line stands after this number; `null`: there is none. */
  readonly newAfter: number | null;
  readonly arrivedBelow: number;
  /** Whoever answers has seen what was new. */
  readonly hasAnswered: () => void;
}

export function useReading({ room, newest, isAtBottom }: Reading): ReadSoFar {
  const { id, readSeq } = room;
  const { read } = useRooms();
  const isReading = useIsVisible() && isAtBottom;
  const [newAfter, setNewAfter] = useState(() => (readSeq > 0 && readSeq < newest ? readSeq : null));
  const [seen, setSeen] = useState(newest);
  const [wasReading, setWasReading] = useState(isReading);
  if (isReading && seen !== newest) setSeen(newest);
  if (isReading !== wasReading) {
    setWasReading(isReading);
    // Somebody looks away: what comes from now on is new when they look back.
    if (!isReading) setNewAfter(newAfter === null || newAfter < newest ? newest : newAfter);
  }

  useEffect(() => {
    if (isReading && newest > 0) read(id, newest);
  }, [isReading, newest, read, id]);

  const hasAnswered = useCallback(() => setNewAfter(null), []);
  return {
    newAfter: newAfter !== null && newAfter < newest ? newAfter : null,
    arrivedBelow: Math.max(0, newest - seen),
    hasAnswered,
  };
}

function useIsVisible(): boolean {
  const [isVisible, setIsVisible] = useState(() => document.visibilityState === "visible");
  useEffect(() => {
    const changed = (): void => setIsVisible(document.visibilityState === "visible");
    document.addEventListener("visibilitychange", changed);
    return () => document.removeEventListener("visibilitychange", changed);
  }, []);
  return isVisible;
}
