// Stands above the first message of a room.
import type { ListedRoom } from "../../../contract/rooms.ts";

export function RoomBeginning({ room }: { readonly room: ListedRoom }) {
  return (
    <div className="shrink-0 px-4 pt-8 pb-3">
      <p className="text-xl font-semibold">
        <bdi>{room.name}</bdi>
      </p>
      <p className="mt-1 text-soft">
        {room.createdBy === null ? (
          "This is where the room begins."
        ) : (
          <>
            <bdi>{room.createdBy.name}</bdi> made this room. It begins here.
          </>
        )}
      </p>
    </div>
  );
}
