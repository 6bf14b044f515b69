// Guests who ask and agents who answer. Who somebody is, is what they can show: a key of their own, or the agents' key.
import { hash } from "node:crypto";
import type { Server } from "node:http";
import path from "node:path";
import { fail } from "@tidewire/protocol";
import { createTidewire, type Tidewire } from "@tidewire/server";
import { sqliteEngine } from "@tidewire/server/sqlite";
import type { Place } from "../place.ts";
import { conversation, queue, say, settle } from "./channels.ts";

/** What others may know of a guest's key. */
const guestOf = (key: string): string => hash("sha256", key).slice(0, 12);

export async function serve(server: Server, { data, isStaff }: Place): Promise<Tidewire> {
  const tide = createTidewire({
    channels: [conversation, queue],
    engine: sqliteEngine({ path: path.join(data, "support.db") }),
    access: {
      connect: ({ token }) => {
        const user = isStaff(token) ? "agent" : guestOf(token);
        return token.length < 32 ? null : { user, data: user };
      },
      // The queue is no guest's.
      subscribe: ({ user, params }) => user === "agent" || user === params["guest"],
    },
  });
  await tide.start();
  const waiting = tide.channel(queue);
  const rows = new Map((await waiting.history(10_000)).map(({ data: row }) => [row.guest, row]));

  /** A row is made of the conversation itself, so that it is right whatever failed before it. */
  async function update(guest: string, readTo = 0): Promise<void> {
    const messages = await tide.channel(conversation, { guest }).history(200);
    const answered = messages.findLast(({ data: { from } }) => from === "agent")?.position.offset ?? 0;
    const seen = Math.max(readTo, answered, rows.get(guest)?.readTo ?? 0);
    const unread = messages.filter(({ data: { from }, position }) => from === "guest" && position.offset > seen).length;
    const row = { guest, unread, readTo: seen, text: messages.at(-1)?.data.text.slice(0, 80) ?? "" };
    rows.set(guest, row);
    await waiting.publish(row);
  }
  /** One after the other: the newest row is of the newest state. */
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<unknown>) => (turn = turn.then(work, work));

  tide.handle(say, async ({ guest, text, id }, { user }) => {
    if (user !== "agent" && user !== guest) fail("denied");
    const from = user === "agent" ? "agent" : "guest";
    // Said again after an answer that never came, it is published once.
    await tide.channel(conversation, { guest }).publish({ from, text }, { idempotencyKey: id });
    await inTurn(() => update(guest));
  });
  tide.handle(settle, async ({ guest, readTo }, { user }) => {
    if (user !== "agent") fail("denied");
    await inTurn(async () => {
      if (readTo === null) return rows.delete(guest) && (await waiting.remove(guest));
      return rows.has(guest) && (await update(guest, readTo));
    });
  });
  tide.attach(server);
  return tide;
}
