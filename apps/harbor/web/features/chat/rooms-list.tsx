// The list of rooms, each with what is unread.
import { Plus, UserPlus } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import type { ListedRoom } from "../../../contract/rooms.ts";
import { useSecondGuest } from "../../frame/second-guest.tsx";
import { classNames } from "../../theme/class-names.ts";
import { IconButton } from "../../theme/icon-button.tsx";
import { CreateRoom } from "./create-room.tsx";
import { useRooms } from "./rooms-provider.tsx";
import { unreadIn } from "./rooms-state.ts";

interface RoomsListProps {
  readonly current: string | undefined;
  readonly hasTitle?: boolean;
  readonly onChosen?: () => void;
}

export function RoomsList({ current, hasTitle = true, onChosen }: RoomsListProps) {
  const { state } = useRooms();
  const [isCreating, setIsCreating] = useState(false);
  return (
    <>
      {hasTitle && (
        <div className="flex h-(--header) shrink-0 items-center justify-between pr-2 pl-4">
          <h2 className="text-sm font-semibold">Rooms</h2>
          <IconButton label="New room" onClick={() => setIsCreating(true)}>
            <Plus aria-hidden />
          </IconButton>
        </div>
      )}
      <nav aria-label="Rooms" className="min-h-0 flex-1 overflow-y-auto px-2 pb-2 first:pt-2">
        {state.kind === "loading" && <RoomsSkeleton />}
        {state.kind === "ready" && (
          <ul>
            {state.rooms.map((room) => (
              <li key={room.id}>
                <RoomLink room={room} isCurrent={room.id === current} onChosen={onChosen} />
              </li>
            ))}
          </ul>
        )}
        {!hasTitle && (
          <button
            type="button"
            onClick={() => setIsCreating(true)}
            className="mt-1 flex h-9 w-full items-center gap-2 rounded-md px-2 text-soft hover:bg-hover hover:text-text"
          >
            <Plus aria-hidden className="size-4" />
            New room
          </button>
        )}
      </nav>
      <InviteSecondGuest />
      <CreateRoom isOpen={isCreating} onOpenChange={setIsCreating} onCreated={onChosen} />
    </>
  );
}

interface RoomLinkProps {
  readonly room: ListedRoom;
  readonly isCurrent: boolean;
  readonly onChosen: (() => void) | undefined;
}

function RoomLink({ room, isCurrent, onChosen }: RoomLinkProps) {
  const unread = unreadIn(room);
  return (
    <Link
      href={`/chat/${room.id}`}
      aria-current={isCurrent ? "page" : undefined}
      onClick={onChosen}
      className={classNames(
        "flex h-8 items-center gap-2 rounded-md px-2 -outline-offset-2 max-[40rem]:h-10",
        isCurrent ? "bg-accent-soft font-medium text-accent-strong" : "text-text hover:bg-hover",
        unread > 0 && !isCurrent && "font-semibold",
      )}
    >
      <span aria-hidden className={classNames("w-3 text-center", isCurrent ? "text-accent" : "text-soft")}>
        #
      </span>
      <bdi className="min-w-0 flex-1 truncate">{room.name}</bdi>
      {unread > 0 && !isCurrent && (
        <span className="figures min-w-5 rounded-full bg-accent px-1.5 text-center text-xs font-medium text-on-accent">
          {unread > 99 ? "99+" : unread}
          <span className="sr-only"> unread</span>
        </span>
      )}
    </Link>
  );
}

function RoomsSkeleton() {
  return (
    <div aria-hidden className="appears-late space-y-1 pt-1">
      {[64, 48, 72].map((width) => (
        <div key={width} className="flex h-8 items-center px-2">
          <div className="h-3 rounded-sm bg-hover" style={{ width: `${width}%` }} />
        </div>
      ))}
    </div>
  );
}

function InviteSecondGuest() {
  const guest = useSecondGuest();
  if (!guest.isPossible) return null;
  return (
    <div className="shrink-0 border-t border-line p-2">
      <button
        type="button"
        onClick={guest.toggle}
        className="flex h-9 w-full items-center gap-2 rounded-md px-2 text-sm text-soft transition-colors hover:bg-hover hover:text-text"
      >
        <UserPlus aria-hidden className="size-4" />
        {guest.isOpen ? "Close the second guest" : "Open a second guest"}
      </button>
    </div>
  );
}
