// Help for guests: a conversation each, the queue of those that are open, and what can be done.
import { defineCall, defineChannel } from "@tidewire/protocol";
import { z } from "zod";

const guest = z.string().regex(/^[0-9a-f]{12}$/);
const text = z.string().trim().min(1).max(2_000);
const message = z.object({ from: z.enum(["guest", "agent"]), text });
const row = z.object({ guest, text, unread: z.number(), readTo: z.number() });

const history = { size: 200, ttlMs: 7 * 86_400_000 };
export const conversation = defineChannel("conversation:{guest}", { data: message, history, publishers: "server" });
export const queue = defineChannel("queue", {
  mode: "latest",
  data: row,
  key: (open) => open.guest,
  publishers: "server",
});
export const say = defineCall("say", { input: z.object({ guest, text, id: z.uuid() }) });
/** How far the agent has read; `null`: the conversation is over. */
export const settle = defineCall("settle", { input: z.object({ guest, readTo: z.number().nullable() }) });
