// Which room the lab writes to and checks.
import { useId } from "react";
import type { ListedRoom } from "../../../contract/rooms.ts";

interface RoomChoiceProps {
  readonly rooms: readonly ListedRoom[];
  readonly room: string;
  readonly onChoose: (room: string) => void;
}

export function RoomChoice({ rooms, room, onChoose }: RoomChoiceProps) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="mb-1 block text-sm font-medium">
        Room
      </label>
      <select
        id={id}
        value={room}
        onChange={(event) => onChoose(event.target.value)}
        className="h-9 w-full rounded-md border border-line-strong bg-raised px-2.5"
      >
        {rooms.length === 0 && <option value={room}>{room}</option>}
        {rooms.map((each) => (
          <option key={each.id} value={each.id}>
            {each.name}
          </option>
        ))}
      </select>
    </div>
  );
}
