// The list of messages: sticks to the bottom, reads older ones on the way up, and keeps only what is near in the page.
import { ArrowDown } from "lucide-react";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { ListedRoom } from "../../../contract/rooms.ts";
import { useAnchoredScroll } from "../../theme/use-anchored-scroll.ts";
import { MessageRow } from "./message-row.tsx";
import { RoomBeginning } from "./room-beginning.tsx";
import { planRow } from "./row-plan.ts";
import { type Extent, movedToEnd, movedWindow, type RowWindow, windowAround, windowAtEnd } from "./row-window.ts";
import type { Row } from "./rows.ts";
import { hasBeginning, lastSeq } from "./timeline.ts";
import { useReading } from "./use-reading.ts";
import type { RoomView } from "./use-room.ts";

interface MessageListProps {
  readonly room: ListedRoom;
  readonly rows: readonly Row[];
  readonly view: RoomView;
}

export function MessageList({ room, rows, view }: MessageListProps) {
  const { timeline, isLoadingOlder, loadOlder } = view;
  const extent: Extent = { first: timeline.messages[0]?.seq ?? 1, last: lastSeq(timeline) };
  const [opensAt] = useState(() => firstUnread(room.readSeq, extent));
  const [rowWindow, setWindow] = useState(() =>
    opensAt === null ? windowAtEnd(extent) : windowAround(opensAt, extent),
  );
  const { isAtBottom, scrollerRef, toBottom, toRow } = useAnchoredScroll({
    opensAtBottom: opensAt === null,
    isAtEnd: rowWindow.to === null,
    onMoved: (outOfSight) => {
      const next = movedWindow(rowWindow, extent, outOfSight);
      if (next !== rowWindow) setWindow(next);
      else if (outOfSight.abovePx < wantsOlderPx && rowWindow.from <= extent.first) loadOlder();
    },
  });
  const { newAfter, arrivedBelow, hasAnswered } = useReading({ room, newest: extent.last, isAtBottom });

  const goToBottom = (): void => {
    setWindow(movedToEnd(rowWindow, extent));
    toBottom();
  };
  useOpening(opensAt, rows, toRow);
  useSending(rows, () => {
    hasAnswered();
    goToBottom();
  });

  const start = Math.max(0, rowWindow.from - extent.first);
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={scrollerRef}
        role="region"
        aria-label={`Messages in ${room.name}`}
        // It scrolls, so the keyboard has to get there.
        tabIndex={0}
        className="relative h-full overflow-x-hidden overflow-y-auto overscroll-contain [overflow-anchor:none] -outline-offset-2"
      >
        <div className="flex min-h-full flex-col">
          {start === 0 && hasBeginning(timeline) && <RoomBeginning room={room} />}
          {!hasBeginning(timeline) && <Older isLoading={isLoadingOlder} />}
          {/* A short room begins at the top and grows downwards: a new message moves nothing that is being read. */}
          <Rows rows={rows} start={start} end={endOf(rowWindow, extent, rows)} newAfter={newAfter} />
          <div className="h-3 shrink-0" />
        </div>
      </div>
      {!isAtBottom && <ToBottom count={arrivedBelow} onClick={goToBottom} />}
    </div>
  );
}

/** With less than this above, older messages are read. */
const wantsOlderPx = 800;

/** Messages on their way stand at the end alone. */
function endOf({ to }: RowWindow, { first }: Extent, rows: readonly Row[]): number {
  return to === null ? rows.length : Math.min(rows.length, to - first + 1);
}

interface RowsProps {
  readonly rows: readonly Row[];
  readonly start: number;
  readonly end: number;
  readonly newAfter: number | null;
}

function Rows({ rows, start, end, newAfter }: RowsProps) {
  return rows.slice(start, end).map((row, index) => (
    <div key={row.key} data-row={row.key}>
      <MessageRow row={row} plan={planRow(row, rows[start + index - 1] ?? null, newAfter)} />
    </div>
  ));
}

/** Always as high, so that nothing jumps when reading begins. */
function Older({ isLoading }: { readonly isLoading: boolean }) {
  return (
    <p role="status" className="flex h-12 shrink-0 items-center justify-center text-xs text-soft">
      {isLoading && "Reading older messages"}
    </p>
  );
}

function ToBottom({ count, onClick }: { readonly count: number; readonly onClick: () => void }) {
  return (
    <div className="pointer-events-none absolute inset-x-0 bottom-3 flex justify-center">
      <button
        type="button"
        onClick={onClick}
        className="appears figures pointer-events-auto inline-flex h-8 items-center gap-1.5 rounded-full bg-raised pr-3.5 pl-3 text-sm font-medium text-accent shadow-float hover:text-accent-strong"
      >
        <ArrowDown aria-hidden className="size-4" />
        {count > 0 ? `${count} new` : "To the newest"}
      </button>
    </div>
  );
}

/** Where the list opens: the first message that was not read; `null`: at the bottom. */
function firstUnread(readSeq: number, { first, last }: Extent): number | null {
  return readSeq >= first && readSeq < last ? readSeq + 1 : null;
}

function useOpening(seq: number | null, rows: readonly Row[], toRow: (name: string) => void): void {
  const isDone = useRef(false);
  useLayoutEffect(() => {
    const row = rows.find((each) => each.seq === seq);
    if (isDone.current || seq === null || row === undefined) return;
    isDone.current = true;
    toRow(row.key);
  }, [seq, rows, toRow]);
}

/** Whoever sends wants to see it, wherever the list stood; what was new is not, any more. */
function useSending(rows: readonly Row[], hasSent: () => void): void {
  const newest = rows.at(-1);
  const ownKey = newest?.state === "waiting" || newest?.state === "sending" ? newest.key : null;
  const latest = useRef(hasSent);
  useEffect(() => {
    latest.current = hasSent;
  });
  const send = useCallback(() => latest.current(), []);
  useEffect(() => {
    if (ownKey !== null) send();
  }, [ownKey, send]);
}
