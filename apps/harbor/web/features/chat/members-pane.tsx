// Who is in the room, and what the room is.
import { Virtuoso } from "react-virtuoso";
import type { ListedRoom } from "../../../contract/rooms.ts";
import { useMe } from "../../session/session-provider.tsx";
import { Avatar } from "../../theme/avatar.tsx";
import { dayInSentence } from "../../theme/words-for-time.ts";
import { useNow } from "../../theme/use-now.ts";
import type { Person } from "./people.ts";

interface MembersPaneProps {
  readonly room: ListedRoom;
  /** `null`: nobody knows yet. */
  readonly people: readonly Person[] | null;
}

/** Above this many only the rows in sight are in the page. */
const plainUpTo = 200;

export function MembersPane({ room, people }: MembersPaneProps) {
  return (
    <div className="flex h-full flex-col p-2">
      <h2 className="figures px-2 pt-2 pb-1 text-xs font-medium text-soft">
        {people === null ? "Who is here" : `Here now · ${people.length}`}
      </h2>
      {people === null ? null : people.length <= plainUpTo ? (
        <ul>
          {people.map((person) => (
            <li key={person.id}>
              <PersonRow person={person} />
            </li>
          ))}
        </ul>
      ) : (
        <Virtuoso
          className="min-h-60 flex-1"
          data={people}
          itemContent={(_index, person) => <PersonRow person={person} />}
        />
      )}
      <RoomFacts room={room} />
    </div>
  );
}

function PersonRow({ person }: { readonly person: Person }) {
  const me = useMe();
  const notes = [person.id === me.id ? "you" : null, person.sessions > 1 ? `${person.sessions} tabs` : null];
  const note = notes.filter((each) => each !== null).join(", ");
  return (
    <div className="flex h-9 items-center gap-2.5 px-2">
      <Avatar id={person.id} name={person.name} small />
      <bdi className="min-w-0 truncate">{person.name}</bdi>
      {note !== "" && <span className="shrink-0 text-xs text-soft">{note}</span>}
    </div>
  );
}

function RoomFacts({ room }: { readonly room: ListedRoom }) {
  const today = useNow(null);
  if (room.topic === "" && room.createdBy === null) return null;
  return (
    <div className="mx-2 mt-3 border-t border-line pt-3 text-sm text-soft">
      {room.topic !== "" && <p className="text-text">{room.topic}</p>}
      {room.createdBy !== null && (
        <p className="mt-1">
          Made by <bdi>{room.createdBy.name}</bdi>, {dayInSentence(room.createdAtMs, today)}
        </p>
      )}
    </div>
  );
}
