// One presenter, many who watch. Votes are the application's own data, in a database of its own; the board shows their sums.
import { hash } from "node:crypto";
import type { Server } from "node:http";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fail } from "@tidewire/protocol";
import { createTidewire, type Tidewire } from "@tidewire/server";
import { sqliteEngine } from "@tidewire/server/sqlite";
import type { Place } from "../place.ts";
import { add, board, type Item, stage, vote } from "./channels.ts";

export async function serve(server: Server, { data, isStaff }: Place): Promise<Tidewire> {
  const tide = createTidewire({
    channels: [stage, board],
    engine: sqliteEngine({ path: path.join(data, "webinar.db") }),
    access: {
      connect: ({ token }) => ({ user: isStaff(token) ? "presenter" : hash("sha256", token) }),
      publish: ({ user }) => user === "presenter",
    },
  });
  await tide.start();
  const items = new Map((await tide.channel(board).history(10_000)).map(({ data: item }) => [item.id, item]));
  const show = async (item: Item): Promise<void> => {
    await tide.channel(board).publish(item);
    items.set(item.id, item);
  };

  tide.handle(add, async ({ id, kind, text, choices }, { user }) => {
    if (kind === "poll" && user !== "presenter") fail("denied");
    // Sent again after an answer that never came, it is there already.
    if (!items.has(id)) await show({ id, kind, text, choices: choices.map((choice) => ({ text: choice, votes: 0 })) });
  });

  const votes = new DatabaseSync(path.join(data, "votes.db"));
  votes.exec("create table if not exists votes (item text, voter text, choice integer, primary key (item, voter))");
  const cast = votes.prepare("insert into votes values (?, ?, ?) on conflict do update set choice = excluded.choice");
  const count = votes.prepare("select count(*) as votes from votes where item = ? and choice = ?");
  // One vote each, the newest: voting again changes nothing. Counted and published in one go, so that the newest sum stays.
  tide.handle(vote, async ({ id, choice }, { user }) => {
    const item = items.get(id) ?? fail("bad_request", `there is nothing called ${id}`);
    cast.run(id, user, choice);
    const sums = item.choices.map(({ text }, index) => ({ text, votes: Number(count.get(id, index)?.["votes"]) }));
    await show({ ...item, choices: sums });
  });
  tide.attach(server);
  return tide;
}
