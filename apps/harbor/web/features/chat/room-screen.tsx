// One room: its header, its messages, the composer, and who is here.
import { Users } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { ListedRoom } from "../../../contract/rooms.ts";
import { useFrameSize } from "../../frame/frame-size.tsx";
import { PageHeader } from "../../frame/page-header.tsx";
import { Sheet } from "../../frame/sheet.tsx";
import { useTitle } from "../../frame/unread.tsx";
import { Composer } from "./composer.tsx";
import { MembersPane } from "./members-pane.tsx";
import { MessagesPane } from "./messages-pane.tsx";
import { useOutbox } from "./outbox-provider.tsx";
import { usePeople } from "./use-people.ts";
import type { Person } from "./people.ts";
import { useRoom } from "./use-room.ts";
import { useTyping } from "./use-typing.ts";

const nobody: readonly Person[] = [];

interface RoomScreenProps {
  readonly room: ListedRoom;
  readonly listButton: ReactNode;
}

export function RoomScreen({ room, listButton }: RoomScreenProps) {
  const size = useFrameSize();
  const [isPaneOpen, setIsPaneOpen] = useState(true);
  const [isSheetOpen, setIsSheetOpen] = useState(false);
  const view = useRoom(room.id);
  const typing = useTyping(room.id);
  const outbox = useOutbox();
  const known = usePeople(room.id);
  const people = known ?? nobody;
  useTitle(room.name);
  const isWide = size === "wide";

  return (
    <main className="flex min-w-0 flex-1 flex-col">
      <PageHeader title={room.name} detail={room.topic} before={listButton}>
        <button
          type="button"
          aria-label={known === null ? "Who is here" : `Who is here: ${known.length}`}
          aria-expanded={isWide ? isPaneOpen : isSheetOpen}
          onClick={() => (isWide ? setIsPaneOpen(!isPaneOpen) : setIsSheetOpen(true))}
          className="figures inline-flex h-8 min-w-12 items-center justify-center gap-1.5 rounded-md px-2 text-sm text-soft hover:bg-hover hover:text-text"
        >
          <Users aria-hidden className="size-4.5" />
          {known?.length ?? "–"}
        </button>
      </PageHeader>
      <div className="flex min-h-0 flex-1">
        <div className="flex min-w-0 flex-1 flex-col">
          <MessagesPane room={room} view={view} people={people} onMessage={typing.hasWritten} />
          <Composer
            room={room}
            typists={typing.names}
            onTyping={typing.tell}
            onSend={(text) => outbox.add(room.id, text)}
          />
        </div>
        {isWide && isPaneOpen && (
          <aside aria-label="Who is here" className="w-(--aside) shrink-0 overflow-y-auto border-l border-line">
            <MembersPane room={room} people={known} />
          </aside>
        )}
      </div>
      {!isWide && (
        <Sheet title="Who is here" side="right" isOpen={isSheetOpen} onOpenChange={setIsSheetOpen}>
          <MembersPane room={room} people={known} />
        </Sheet>
      )}
    </main>
  );
}
