// A newsroom: an editor publishes, and whoever has an EventSource reads.
import type { Server } from "node:http";
import path from "node:path";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire, type Tidewire } from "@tidewire/server";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { z } from "zod";
import type { Place } from "../place.ts";

const draft = z.object({ headline: z.string().trim().min(1).max(200) });
const news = defineChannel("news", {
  data: draft.extend({ atMs: z.number() }),
  history: { size: 20, ttlMs: 7 * 24 * 3_600_000 },
});

export async function serve(server: Server, { data, isStaff, routes }: Place): Promise<Tidewire> {
  const tide = createTidewire({
    channels: [news],
    // On disk: whoever read before a crash goes on behind what it read.
    engine: sqliteEngine({ path: path.join(data, "news.db") }),
    access: {
      connect: ({ token }) => ({ user: "", meta: isStaff(token) }),
      publish: ({ meta, data: given }) => {
        const story = draft.safeParse(given);
        return meta === true && story.success && { data: { ...story.data, atMs: Date.now() } };
      },
    },
  });
  await tide.start();

  const front = tide.channel(news);
  const stories = async () =>
    (await front.history(20)).map(({ data: story, position: { epoch, offset } }) => ({
      ...story,
      id: `${epoch}:${offset}`,
    }));
  // A front page with a first story has an id to go on from.
  if ((await stories()).length === 0) await front.publish({ headline: "The newsroom is open", atMs: Date.now() });
  routes.set("/stories", stories);
  tide.attach(server);
  return tide;
}
