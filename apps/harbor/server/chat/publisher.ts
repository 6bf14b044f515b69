// The publisher: brings what was kept in the database into the channels, through crashes and engine trouble.
import type { Log, PublishOptions } from "@tidewire/server";
import type { ChatEvent, ChatMessage } from "../../contract/chat.ts";
import type { Room } from "../../contract/rooms.ts";
import { markMessagePublished, roomsWithUnpublished, unpublishedMessages } from "../data/messages.ts";
import { markRoomPublished, unpublishedRooms } from "../data/rooms.ts";
import type { Database } from "../data/schema.ts";
import { createLane, type Lane } from "./lane.ts";

/** The channels, as far as the publisher needs them. */
export interface Channels {
  publishChat(room: string, event: ChatEvent, options: PublishOptions): Promise<void>;
  /** The newest events of a room's channel. */
  recentChat(room: string): Promise<readonly ChatEvent[]>;
  publishRoom(room: Room, options: PublishOptions): Promise<void>;
  /** Tells lists how far a room has come. May be lost. */
  moved(room: string, lastSeq: number): void;
}

export interface Publisher {
  messageKept(room: string): void;
  roomKept(): void;
  /**
   * Publishes what an earlier process kept and did not publish, or another one that was killed. Others may publish the
   * same at the same time: whoever publishes a message has seen all before it acked, and its key makes a repeat harmless.
   * @param ageMs What was kept so long ago at least. Default: 0.
   */
  recover(ageMs?: number): Promise<void>;
  idle(): Promise<void>;
  stop(): void;
}

const batch = 50;

export function createPublisher(db: Database, channels: Channels, log: Log): Publisher {
  const lanes = new Map<string, Lane>();
  const roomLane = createLane<Room>(
    {
      take: () => unpublishedRooms(db, batch),
      publish: (room) => channels.publishRoom(room, { idempotencyKey: `room-${room.id}` }),
      done: (room) => markRoomPublished(db, room.id),
    },
    log,
  );

  function laneOf(room: string): Lane {
    const existing = lanes.get(room);
    if (existing !== undefined) return existing;
    const lane = createLane<ChatMessage>(
      {
        take: () => unpublishedMessages(db, room, batch),
        // The key makes a repeat harmless: the engine answers with the position of the first.
        publish: (message) => channels.publishChat(room, { type: "message", message }, { idempotencyKey: message.id }),
        async done(message) {
          await markMessagePublished(db, message);
          channels.moved(room, message.seq);
        },
      },
      log,
    );
    lanes.set(room, lane);
    return lane;
  }

  return {
    messageKept: (room) => laneOf(room).wake(),
    roomKept: () => roomLane.wake(),
    async recover(ageMs = 0) {
      for (const room of await roomsWithUnpublished(db, Date.now() - ageMs)) {
        await settlePublished(db, channels, room);
        laneOf(room).wake();
      }
      roomLane.wake();
    },
    async idle() {
      await Promise.all([roomLane.idle(), ...[...lanes.values()].map((lane) => lane.idle())]);
    },
    stop() {
      for (const lane of [roomLane, ...lanes.values()]) lane.stop();
    },
  };
}

/**
 * Marks what the channel has already: the process ended between publish and mark. The engine forgets keys after five
 * minutes, so after a longer rest the key alone would not keep a message from standing in the channel twice.
 */
async function settlePublished(db: Database, channels: Channels, room: string): Promise<void> {
  const recent = new Set((await channels.recentChat(room)).map((event) => event.message.id));
  for (const message of await unpublishedMessages(db, room, 500)) {
    if (recent.has(message.id)) await markMessagePublished(db, message);
  }
}
