// Harbor's channels as the publisher sees them, on a running Tidewire.
import type { Log, Tidewire } from "@tidewire/server";
import { chat } from "../../contract/chat.ts";
import { activity, rooms } from "../../contract/rooms.ts";
import { createActivity } from "./activity.ts";
import type { Channels } from "./publisher.ts";

/** What one history request of the server gives at most. */
const recentEvents = 300;

/** @param moved Hears of each message that is in its channel. */
export function roomChannels(tide: Tidewire, log: Log, moved: () => void): Channels & { stop(): void } {
  const lists = createActivity((room, lastSeq) => {
    tide
      .channel(activity)
      .publish({ room, lastSeq })
      .catch((thrown: unknown) => log.debug("activity was not told", { room, reason: String(thrown) }));
  });
  return {
    async publishChat(room, event, options) {
      await tide.channel(chat, { room }).publish(event, options);
    },
    async recentChat(room) {
      const recent = await tide.channel(chat, { room }).history(recentEvents);
      return recent.map((publication) => publication.data);
    },
    async publishRoom(room, options) {
      await tide.channel(rooms).publish({ type: "room-created", room }, options);
    },
    moved(room, lastSeq) {
      lists.moved(room, lastSeq);
      moved();
    },
    stop: lists.stop,
  };
}
