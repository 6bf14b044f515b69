// Chat: the messages of a room, who is typing there, and how a message is sent and read back.
import { defineCall, defineChannel } from "@tidewire/protocol";
import { z } from "zod";
import { author, personShown } from "./person.ts";
import { roomId } from "./rooms.ts";

export const maxTextLength = 4_000;

/** Messages in one answer of `chat.history`: 50 of the longest stay well under the reply limit of 1 MiB. */
const historyPageSize = 50;

const text = z
  .string()
  .max(maxTextLength, `a message has at most ${maxTextLength} characters`)
  .refine((given) => given.trim() !== "", "a message has something in it");

/** Made by the sender, new for each message; sending again with the same one is the same message. */
const nonce = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/, "a nonce has 8 to 64 letters, digits, _ or -");

export const chatMessage = z.object({
  id: z.string().min(1).max(64),
  room: roomId,
  /** Its number in the room: 1, 2, 3 … without a hole. The log of the channel is in the same order. */
  seq: z.int().min(1),
  author,
  text: z.string().min(1).max(maxTextLength),
  atMs: z.int(),
  nonce,
});
export type ChatMessage = z.infer<typeof chatMessage>;

export const chatEvent = z.discriminatedUnion("type", [z.object({ type: z.literal("message"), message: chatMessage })]);
export type ChatEvent = z.infer<typeof chatEvent>;

export const chat = defineChannel("chat:{room}", {
  data: chatEvent,
  history: { size: 500, ttlMs: 86_400_000 },
  presence: personShown,
  publishers: "server",
});

/** Who is typing. A signal: what is a few seconds old is of no use to anybody. */
export const typing = defineChannel("typing:{room}", {
  mode: "signal",
  data: z.object({ typing: z.boolean() }),
  presence: false,
});

export const sendMessage = defineCall("chat.send", {
  input: z.object({ room: roomId, text, nonce }),
  output: z.object({ id: z.string(), seq: z.int(), atMs: z.int(), duplicate: z.boolean() }),
});

/**
 * A room's messages from the database, in ascending order.
 * With `before` the newest ones below that number, with `after` the oldest ones above it, with neither the newest.
 */
export const readHistory = defineCall("chat.history", {
  input: z.object({
    room: roomId,
    before: z.int().min(1).optional(),
    after: z.int().min(0).optional(),
    limit: z.int().min(1).max(historyPageSize).default(historyPageSize),
  }),
  output: z.object({ messages: z.array(chatMessage), lastSeq: z.int().min(0) }),
});
