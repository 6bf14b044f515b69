// Rooms: what they are, how one is made, and the news about them.
import { defineCall, defineChannel } from "@tidewire/protocol";
import { z } from "zod";
import { author } from "./person.ts";

const dayMs = 86_400_000;

export const roomId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,47}$/, "a room's id has small letters, digits and dashes");

export const maxRoomNameLength = 48;
export const maxTopicLength = 120;

const oneLine = (given: string): string =>
  given
    .normalize("NFC")
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim();

export const room = z.object({
  id: roomId,
  name: z.string(),
  topic: z.string(),
  /** `null` for the rooms that were always there. */
  createdBy: author.nullable(),
  createdAtMs: z.int(),
});
export type Room = z.infer<typeof room>;

/** A room in somebody's list. Messages are numbered from 1 in each room, so `lastSeq - readSeq` are unread. */
export const listedRoom = room.extend({ lastSeq: z.int().min(0), readSeq: z.int().min(0) });
export type ListedRoom = z.infer<typeof listedRoom>;

/** Every room that is made, for everybody's list. */
export const rooms = defineChannel("rooms", {
  data: z.object({ type: z.literal("room-created"), room }),
  history: { size: 200, ttlMs: dayMs },
  publishers: "server",
});

/**
 * How far each room has come, so that a list can count what is unread without listening to every room.
 * A signal, since a lost one is made good by the next, and by the list itself after a reconnect.
 */
export const activity = defineChannel("activity", {
  mode: "signal",
  data: z.object({ room: roomId, lastSeq: z.int().min(1) }),
  publishers: "server",
});

export const listRooms = defineCall("rooms.list", {
  input: z.object({}),
  output: z.object({ rooms: z.array(listedRoom) }),
});

export const createRoom = defineCall("rooms.create", {
  input: z.object({
    name: z.string().max(400).transform(oneLine).pipe(z.string().min(1, "a room needs a name").max(maxRoomNameLength)),
    topic: z.string().max(1_000).transform(oneLine).pipe(z.string().max(maxTopicLength)).default(""),
  }),
  output: room,
});

/** Remembers how far somebody has read; it never goes back. */
export const markRead = defineCall("rooms.read", {
  input: z.object({ room: roomId, seq: z.int().min(0) }),
  output: z.object({ readSeq: z.int().min(0) }),
});
