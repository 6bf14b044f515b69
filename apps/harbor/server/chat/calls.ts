// What Harbor's calls answer: chat and rooms.
import { fail } from "@tidewire/protocol";
import type { CallContext, Tidewire } from "@tidewire/server";
import { readHistory, sendMessage } from "../../contract/chat.ts";
import { type Author, findPeople } from "../../contract/person.ts";
import { createRoom, listRooms, markRead } from "../../contract/rooms.ts";
import { findNamed } from "../data/guests.ts";
import { keepMessage, lastSeqOf, readMessages } from "../data/messages.ts";
import { addRoom, listRoomsFor, markReadUpTo } from "../data/rooms.ts";
import type { Database } from "../data/schema.ts";
import type { Mentions } from "../mentions/mentions.ts";
import type { Publisher } from "./publisher.ts";

export interface ChatParts {
  readonly db: Database;
  readonly publisher: Publisher;
  /** `null` where nobody is written to. */
  readonly mentions: Mentions | null;
}

export function handleChat(tide: Tidewire, { db, publisher, mentions }: ChatParts): void {
  tide.handle(sendMessage, async (input, context) => {
    const kept = await keepMessage(db, { ...input, author: authorOf(context) }, mentions?.order);
    // Answered when it is kept, not when it is published: from here on it comes to everybody, whatever breaks.
    publisher.messageKept(input.room);
    mentions?.ordered();
    const { id, seq, atMs } = kept.message;
    return { id, seq, atMs, duplicate: kept.duplicate };
  });

  tide.handle(findPeople, async ({ keys }) => {
    const named = keys.length === 0 ? new Map<string, string>() : await findNamed(db, keys);
    return { people: [...named].map(([key, id]) => ({ key, id })) };
  });

  tide.handle(readHistory, async (input, { signal }) => {
    const messages = await readMessages(db, input);
    // Whoever scrolls through rooms leaves many of them before their page is read.
    signal.throwIfAborted();
    return { messages: [...messages], lastSeq: await lastSeqOf(db, input.room) };
  });
}

export function handleRooms(tide: Tidewire, db: Database, publisher: Publisher): void {
  tide.handle(listRooms, async (_input, context) => ({ rooms: [...(await listRoomsFor(db, context.user))] }));

  tide.handle(createRoom, async (input, context) => {
    const room = await addRoom(db, { ...input, by: authorOf(context) });
    publisher.roomKept();
    return room;
  });

  tide.handle(markRead, async (input, context) => ({
    readSeq: await markReadUpTo(db, { ...input, guest: context.user }),
  }));
}

/** The author is whoever the server knows on this connection, never what a client says. */
function authorOf(context: CallContext): Author {
  const { info, user } = context;
  const name = typeof info === "object" && info !== null && "name" in info ? info.name : undefined;
  if (user === "" || typeof name !== "string") fail("unauthorized", "chat needs a name");
  return { id: user, name };
}
