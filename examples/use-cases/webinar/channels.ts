// A webinar: what its presenter shows and says, and the board of polls and questions that everybody takes part in.
import { defineCall, defineChannel } from "@tidewire/protocol";
import { z } from "zod";

const text = z.string().trim().min(1).max(300);
const kind = z.enum(["poll", "question"]);
const item = z.object({ id: z.uuid(), kind, text, choices: z.array(z.object({ text, votes: z.number() })) });
const spoken = z.object({ kind: z.enum(["slide", "line"]), text });

export type Item = z.infer<typeof item>;
const history = { size: 300, ttlMs: 86_400_000 };
export const stage = defineChannel("stage", { data: spoken, history, presence: true });
export const board = defineChannel("board", { mode: "latest", data: item, key: ({ id }) => id, publishers: "server" });
export const add = defineCall("add", { input: item.extend({ choices: z.array(text).min(1).max(5) }) });
export const vote = defineCall("vote", { input: z.object({ id: z.uuid(), choice: z.number().int().min(0).max(4) }) });
