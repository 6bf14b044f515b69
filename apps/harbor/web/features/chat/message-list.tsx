// The list of messages: sticks to the bottom, loads older ones on the way up, and keeps only what is in sight in the page.
import { ArrowDown } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { Virtuoso } from "react-virtuoso";
import type { ListedRoom } from "../../../contract/rooms.ts";
import { MessageRow } from "./message-row.tsx";
import { RoomBeginning } from "./room-beginning.tsx";
import { planRow } from "./row-plan.ts";
import type { Row } from "./rows.ts";
import { hasBeginning, lastSeq } from "./timeline.ts";
import { useReading } from "./use-reading.ts";
import type { RoomView } from "./use-room.ts";
import { useSticking } from "./use-sticking.ts";

interface MessageListProps {
  readonly room: ListedRoom;
  readonly rows: readonly Row[];
  readonly view: RoomView;
}

export function MessageList({ room, rows, view }: MessageListProps) {
  const { timeline, isLoadingOlder, loadOlder } = view;
  const [opensAt] = useState(() => firstUnread(rows, room.readSeq));
  const { isAtBottom, scrollerRef, heightChanged, toBottom } = useSticking(opensAt === null);
  const { newAfter, arrivedBelow } = useReading({ room, newest: lastSeq(timeline), isAtBottom });
  const first = timeline.messages[0]?.seq ?? 1;
  useOwnMessagesInSight(rows, toBottom);

  const context = useMemo(
    () => ({ room, hasBeginning: hasBeginning(timeline), isLoadingOlder }),
    [room, timeline, isLoadingOlder],
  );

  return (
    <div className="relative min-h-0 flex-1">
      <Virtuoso
        className="h-full"
        role="region"
        aria-label={`Messages in ${room.name}`}
        data={rows}
        context={context}
        firstItemIndex={first}
        initialTopMostItemIndex={
          opensAt === null ? { index: "LAST", align: "end" } : { index: opensAt, align: "start" }
        }
        alignToBottom
        scrollerRef={scrollerRef}
        totalListHeightChanged={heightChanged}
        startReached={loadOlder}
        increaseViewportBy={{ top: 600, bottom: 300 }}
        computeItemKey={(_index, row) => row.key}
        components={{ Header: ListHeader, Footer: ListFooter }}
        itemContent={(index, row) => (
          <MessageRow row={row} plan={planRow(row, rows[index - first - 1] ?? null, newAfter)} />
        )}
      />
      {!isAtBottom && <ToBottom count={arrivedBelow} onClick={toBottom} />}
    </div>
  );
}

interface ListContext {
  readonly room: ListedRoom;
  readonly hasBeginning: boolean;
  readonly isLoadingOlder: boolean;
}

function ListHeader({ context }: { readonly context?: ListContext }) {
  if (context === undefined) return null;
  if (context.hasBeginning) return <RoomBeginning room={context.room} />;
  // Always as high, so that nothing jumps when loading begins.
  return (
    <p className="flex h-12 items-center justify-center text-xs text-soft">
      {context.isLoadingOlder ? "Reading older messages" : ""}
    </p>
  );
}

function ListFooter() {
  return <div className="h-3" />;
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
function firstUnread(rows: readonly Row[], readSeq: number): number | null {
  if (readSeq === 0) return null;
  const at = rows.findIndex((row) => row.seq !== null && row.seq > readSeq);
  return at <= 0 ? null : at;
}

/** Whoever sends wants to see it, wherever the list stood. */
function useOwnMessagesInSight(rows: readonly Row[], toBottom: () => void): void {
  const newest = rows.at(-1);
  const ownKey = newest?.state === "waiting" || newest?.state === "sending" ? newest.key : null;
  useEffect(() => {
    if (ownKey !== null) toBottom();
  }, [ownKey, toBottom]);
}
