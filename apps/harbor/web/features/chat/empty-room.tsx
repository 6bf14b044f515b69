// A room in which nothing was said: what it is, who is here, and one suggestion.
import { UserPlus } from "lucide-react";
import type { ListedRoom } from "../../../contract/rooms.ts";
import { useSecondGuest } from "../../frame/second-guest.tsx";
import { Button } from "../../theme/button.tsx";
import { useMe } from "../../session/session-provider.tsx";
import type { Person } from "./people.ts";

interface EmptyRoomProps {
  readonly room: ListedRoom;
  readonly people: readonly Person[];
}

export function EmptyRoom({ room, people }: EmptyRoomProps) {
  const me = useMe();
  const guest = useSecondGuest();
  const others = people.filter((person) => person.id !== me.id);
  return (
    <div className="flex min-h-0 flex-1 flex-col overflow-y-auto px-4 pt-8 pb-6">
      <p className="text-xl font-semibold">
        <bdi>{room.name}</bdi>
      </p>
      <p className="mt-1 max-w-md text-soft">
        {room.topic === "" ? "Nothing was said here yet." : `${room.topic}. Nothing was said here yet.`}
      </p>
      <p className="mt-3 max-w-md">{whoIsHere(others)}</p>
      {others.length === 0 && guest.isPossible && !guest.isOpen && (
        <div className="mt-4">
          <Button onClick={guest.toggle}>
            <UserPlus aria-hidden />
            Open a second guest
          </Button>
        </div>
      )}
    </div>
  );
}

function whoIsHere(others: readonly Person[]): string {
  const [first, second] = others;
  if (first === undefined)
    return "Nobody else is here. Write something, and it waits for whoever comes; or open a second guest and talk to yourself.";
  if (second === undefined) return `${first.name} is here. Say hello.`;
  if (others.length === 2) return `${first.name} and ${second.name} are here. Say hello.`;
  return `${first.name}, ${second.name} and ${others.length - 2} more are here. Say hello.`;
}
