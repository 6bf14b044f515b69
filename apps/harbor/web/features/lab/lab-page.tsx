// The connection lab: break the connection in several ways, see what happens, and check that nothing was lost.
import { useChannel } from "@tidewire/react";
import { useEffect, useRef, useState } from "react";
import { chat } from "../../../contract/chat.ts";
import type { Happening } from "../../connection/event-log.ts";
import { useEventLog } from "../../connection/event-log-provider.tsx";
import { PageHeader } from "../../frame/page-header.tsx";
import { useTitle } from "../../frame/unread.tsx";
import { useRooms } from "../chat/rooms-provider.tsx";
import { useRoom } from "../chat/use-room.ts";
import { BreakIt } from "./break-it.tsx";
import { CheckPanel } from "./check-panel.tsx";
import { EventTimeline } from "./event-timeline.tsx";
import { RoomChoice } from "./room-choice.tsx";

const labRoom = "workshop";

export function LabPage() {
  const [room, setRoom] = useState(labRoom);
  const { state } = useRooms();
  const { entries } = useEventLog();
  useTitle("Lab");
  const rooms = state.kind === "ready" ? state.rooms : [];
  return (
    <main className="flex min-w-0 flex-1 flex-col">
      <PageHeader title="Lab" detail="Break the connection, and see that nothing is lost" />
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="mx-auto grid max-w-6xl gap-x-10 gap-y-8 p-4 @sm:p-6 @md:grid-cols-[20rem_minmax(0,1fr)]">
          <div className="space-y-8">
            <RoomChoice rooms={rooms} room={room} onChoose={setRoom} />
            <BreakIt room={room} />
            <RoomCheck key={room} room={room} />
          </div>
          <EventTimeline entries={entries} />
        </div>
      </div>
    </main>
  );
}

function roomHappening(room: string, isFirst: boolean, recovered: boolean): Happening {
  if (isFirst) return { side: "server", tone: "good", text: `Lets this page listen in ${room}` };
  if (recovered) return { side: "server", tone: "good", text: `Goes on in ${room} where this page was` };
  return { side: "server", tone: "bad", text: `Cannot go on in ${room}: too much has passed. The page reads it anew.` };
}

/** Reads along in the room, as its own page does, and keeps count of what the channel hands over. */
function RoomCheck({ room }: { readonly room: string }) {
  const { note } = useEventLog();
  const view = useRoom(room);
  const live = useRef<string[]>([]);
  const { channel } = useChannel(
    chat,
    { room },
    { keep: 0, onPublication: ({ data }) => void live.current.push(data.message.id) },
  );
  useEffect(() => {
    let isFirst = true;
    return channel.onState((status) => {
      if (status.kind !== "live") return;
      note(roomHappening(room, isFirst, status.recovered));
      isFirst = false;
    });
  }, [channel, note, room]);
  return <CheckPanel room={room} view={view} live={live} />;
}
