// The messages of a room, in whatever state they are: on their way, none yet, out of reach, or there.
import { useEffect, useMemo, useRef, useState } from "react";
import type { ListedRoom } from "../../../contract/rooms.ts";
import { ErrorNote } from "../../frame/error-note.tsx";
import { EmptyRoom } from "./empty-room.tsx";
import { MessageList } from "./message-list.tsx";
import { MessagesSkeleton } from "./messages-skeleton.tsx";
import { usePending } from "./outbox-provider.tsx";
import { sentenceFor } from "../../theme/words-for-errors.ts";
import type { Person } from "./people.ts";
import { rowsOf } from "./rows.ts";
import { lastSeq } from "./timeline.ts";
import { useMe } from "../../session/session-provider.tsx";
import type { RoomView } from "./use-room.ts";

interface MessagesPaneProps {
  readonly room: ListedRoom;
  readonly view: RoomView;
  readonly people: readonly Person[];
  /** Told of whoever wrote the newest message. */
  readonly onMessage: (person: string) => void;
}

export function MessagesPane({ room, view, people, onMessage }: MessagesPaneProps) {
  const me = useMe();
  const { timeline, status, trouble, loadAgain } = view;
  const pending = usePending();
  const rows = useMemo(
    () =>
      rowsOf(
        timeline.messages,
        pending.filter((message) => message.room === room.id),
        me,
      ),
    [timeline.messages, pending, room.id, me],
  );
  const newest = timeline.messages.at(-1);
  useEffect(() => {
    if (newest !== undefined) onMessage(newest.author.id);
  }, [newest, onMessage]);

  if (status.kind === "refused") {
    return (
      <ErrorNote what="This room did not open." why={sentenceFor(status.error)} action="Reload" onAction={reload} />
    );
  }
  if (!timeline.isLoaded) {
    if (trouble !== null) {
      return (
        <ErrorNote
          what="The messages could not be read."
          why={`${trouble} What you write is kept.`}
          action="Try again"
          onAction={loadAgain}
        />
      );
    }
    return <MessagesSkeleton />;
  }
  return (
    <>
      {rows.length === 0 ? (
        <EmptyRoom room={room} people={people} />
      ) : (
        <MessageList key={timeline.generation} room={room} rows={rows} view={view} />
      )}
      <Announcer
        text={newest === undefined || newest.author.id === me.id ? "" : `${newest.author.name}: ${newest.text}`}
        seq={lastSeq(timeline)}
      />
    </>
  );
}

/** Reads new messages out to those who cannot see them arrive; not those that were there when the room was opened. */
function Announcer({ text, seq }: { readonly text: string; readonly seq: number }) {
  const firstSeq = useRef(seq);
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (seq > firstSeq.current) setSaid(text);
  }, [seq, text]);
  return (
    <p aria-live="polite" className="sr-only">
      {said}
    </p>
  );
}

function reload(): void {
  location.reload();
}
