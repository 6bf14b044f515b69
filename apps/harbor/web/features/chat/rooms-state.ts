// What is known of the rooms, and how news change it. Pure.
import type { ListedRoom, Room } from "../../../contract/rooms.ts";

export type RoomsState =
  | { readonly kind: "loading" }
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "ready"; readonly rooms: readonly ListedRoom[] };

export type RoomsAction =
  | { readonly type: "listed"; readonly rooms: readonly ListedRoom[] }
  | { readonly type: "failed"; readonly why: string }
  | { readonly type: "created"; readonly room: Room }
  | { readonly type: "moved"; readonly room: string; readonly lastSeq: number }
  | { readonly type: "read"; readonly room: string; readonly seq: number };

export function unreadIn(room: ListedRoom): number {
  return Math.max(0, room.lastSeq - room.readSeq);
}

export function roomsReducer(state: RoomsState, action: RoomsAction): RoomsState {
  switch (action.type) {
    case "listed":
      return { kind: "ready", rooms: merged(state, action.rooms) };
    case "failed":
      // A list that is there stays there: it is old, and better than none.
      return state.kind === "ready" ? state : { kind: "failed", why: action.why };
    case "created":
      return withRooms(state, (rooms) =>
        rooms.some((room) => room.id === action.room.id)
          ? rooms
          : [...rooms, { ...action.room, lastSeq: 0, readSeq: 0 }],
      );
    case "moved":
      return withRoom(state, action.room, (room) => ({ ...room, lastSeq: Math.max(room.lastSeq, action.lastSeq) }));
    case "read":
      return withRoom(state, action.room, (room) => ({
        ...room,
        readSeq: Math.max(room.readSeq, action.seq),
        lastSeq: Math.max(room.lastSeq, action.seq),
      }));
  }
}

/** The server's list may be older than the news that came while it was on its way. */
function merged(state: RoomsState, listed: readonly ListedRoom[]): readonly ListedRoom[] {
  const known = new Map(state.kind === "ready" ? state.rooms.map((room) => [room.id, room]) : []);
  return listed.map((room) => {
    const before = known.get(room.id);
    if (before === undefined) return room;
    return {
      ...room,
      lastSeq: Math.max(room.lastSeq, before.lastSeq),
      readSeq: Math.max(room.readSeq, before.readSeq),
    };
  });
}

function withRooms(state: RoomsState, change: (rooms: readonly ListedRoom[]) => readonly ListedRoom[]): RoomsState {
  return state.kind === "ready" ? { kind: "ready", rooms: change(state.rooms) } : state;
}

function withRoom(state: RoomsState, id: string, change: (room: ListedRoom) => ListedRoom): RoomsState {
  return withRooms(state, (rooms) => rooms.map((room) => (room.id === id ? change(room) : room)));
}
