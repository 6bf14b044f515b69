// One room: its header, its messages, the composer, and who is here.
import { Users } from "lucide-react";
import { type ReactNode, useCallback, useMemo, useState } from "react";
import type { ListedRoom } from "../../../contract/rooms.ts";
import { useFrameSize } from "../../frame/frame-size.tsx";
import { PageHeader } from "../../frame/page-header.tsx";
import { Sheet } from "../../frame/sheet.tsx";
import { useTitle } from "../../frame/unread.tsx";
import { useMe } from "../../session/session-provider.tsx";
import { Composer } from "./composer.tsx";
import { MembersPane } from "./members-pane.tsx";
import { MentionNames, type WhoHas } from "./mention-names.tsx";
import { MessagesPane } from "./messages-pane.tsx";
import { useOutbox } from "./outbox-provider.tsx";
import { usePeople } from "./use-people.ts";
import type { Person } from "./people.ts";
import { choicesFor, type KnownPerson, mentionOf, roomPeople } from "./room-people.ts";
import { useNamed } from "./use-named.ts";
import { type RoomView, useRoom } from "./use-room.ts";
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
  const mentions = useMentions(people, view);
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
          <MentionNames whoHas={mentions.whoHas}>
            <MessagesPane room={room} view={view} people={people} onMessage={typing.hasWritten} />
          </MentionNames>
          <Composer
            room={room}
            typists={typing.names}
            choicesFor={mentions.choicesFor}
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

interface Mentions {
  readonly whoHas: WhoHas;
  readonly choicesFor: (typed: string) => readonly KnownPerson[];
}

/** As many as fit, with a keyboard on the screen of a phone too; whoever looks for another one types on. */
const mostChoices = { phone: 5, narrow: 8, wide: 8 } as const;

/** Who can be mentioned in the room, and whose names stand in its messages. */
function useMentions(here: readonly Person[], { timeline: { messages } }: RoomView): Mentions {
  const me = useMe();
  const most = mostChoices[useFrameSize()];
  const people = useMemo(() => roomPeople({ here, messages, me }), [here, messages, me]);
  const named = useNamed(messages, people);
  return {
    whoHas: useMemo(() => mentionOf(people, named, me), [people, named, me]),
    choicesFor: useCallback((typed: string) => choicesFor(typed, people, me).slice(0, most), [people, me, most]),
  };
}
