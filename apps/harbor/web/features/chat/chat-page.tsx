// Chat: the rooms on the left, the open room beside them.
import { Redirect, useLocation, useParams } from "wouter";
import { useCallback, useEffect, useState } from "react";
import { ErrorNote } from "../../frame/error-note.tsx";
import { useFrameSize } from "../../frame/frame-size.tsx";
import { PageHeader } from "../../frame/page-header.tsx";
import { Sheet } from "../../frame/sheet.tsx";
import { useTitle } from "../../frame/unread.tsx";
import { RoomScreen } from "./room-screen.tsx";
import { RoomsList } from "./rooms-list.tsx";
import { RoomsButton } from "./rooms-button.tsx";
import { MessagesSkeleton } from "./messages-skeleton.tsx";
import { useRooms } from "./rooms-provider.tsx";

export function ChatPage() {
  const { room: wanted } = useParams<{ room?: string }>();
  const { state, loadAgain } = useRooms();
  const size = useFrameSize();
  const [isListOpen, setIsListOpen] = useState(false);
  const closeList = useCallback(() => setIsListOpen(false), []);
  useRoomKeys(wanted);

  const rooms = state.kind === "ready" ? state.rooms : [];
  const room = rooms.find((each) => each.id === wanted);
  const listButton = size === "phone" ? <RoomsButton onClick={() => setIsListOpen(true)} /> : null;

  return (
    <div className="flex h-full min-h-0 min-w-0 flex-1">
      {/* Beside the others and not instead of them: a dialog that is open by then has to stay. */}
      {wanted === undefined && rooms[0] !== undefined && <Redirect to={`/chat/${rooms[0].id}`} replace />}
      {size !== "phone" && (
        <aside aria-label="Rooms" className="flex w-(--list) shrink-0 flex-col border-r border-line bg-sunken">
          <RoomsList current={wanted} />
        </aside>
      )}
      {size === "phone" && (
        <Sheet title="Rooms" side="left" isOpen={isListOpen} onOpenChange={setIsListOpen}>
          <RoomsList current={wanted} hasTitle={false} onChosen={closeList} />
        </Sheet>
      )}
      {room !== undefined && <RoomScreen key={room.id} room={room} listButton={listButton} />}
      {room === undefined && (
        <NoRoom
          listButton={listButton}
          trouble={state.kind === "failed" ? state.why : null}
          isMissing={state.kind === "ready" && wanted !== undefined}
          onRetry={loadAgain}
        />
      )}
    </div>
  );
}

interface NoRoomProps {
  readonly listButton: React.ReactNode;
  readonly trouble: string | null;
  readonly isMissing: boolean;
  readonly onRetry: () => void;
}

function NoRoom({ listButton, trouble, isMissing, onRetry }: NoRoomProps) {
  const [, navigate] = useLocation();
  useTitle("Chat");
  return (
    <main className="flex min-w-0 flex-1 flex-col">
      <PageHeader title="Chat" before={listButton} />
      {trouble === null && !isMissing && <MessagesSkeleton />}
      {trouble !== null && (
        <ErrorNote what="The rooms could not be read." why={trouble} action="Try again" onAction={onRetry} />
      )}
      {trouble === null && isMissing && (
        <ErrorNote
          what="There is no such room."
          why="It may have had another name, or the link has a letter too few."
          action="Go to the first room"
          onAction={() => navigate("/chat")}
        />
      )}
    </main>
  );
}

/** Alt with the arrows goes to the room above or below. */
function useRoomKeys(current: string | undefined): void {
  const { state } = useRooms();
  const [, navigate] = useLocation();
  useEffect(() => {
    if (state.kind !== "ready") return undefined;
    const { rooms } = state;
    const pressed = (event: KeyboardEvent): void => {
      if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
      event.preventDefault();
      const at = rooms.findIndex((room) => room.id === current);
      const next = rooms[at + (event.key === "ArrowUp" ? -1 : 1)];
      if (next !== undefined) navigate(`/chat/${next.id}`);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [state, current, navigate]);
}
