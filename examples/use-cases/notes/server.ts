// Keeps the note: updates pass through a channel, and their sum is kept for whoever comes when history has forgotten them.
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { createClient } from "@tidewire/client";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire, type Tidewire } from "@tidewire/server";
import { sqliteEngine } from "@tidewire/server/sqlite";
import * as Y from "yjs";
import { z } from "zod";
import type { Place } from "../place.ts";
import { isUpdate, load, toBytes, toText, updates } from "./channels.ts";

/** One value: the sum of all updates up to a position. */
const sum = z.object({ update: z.string(), epoch: z.string(), offset: z.number() });
const sums = defineChannel("note:sum", { mode: "latest", data: sum, key: () => "sum", publishers: "server" });
/** It is kept so long after the first update that is not in it, and each time so many have come: history forgets none of them. */
const [keepMs, keepCount] = [500, 500];

export async function serve(server: Server, { data }: Place): Promise<Tidewire> {
  const tide = createTidewire({
    channels: [updates, sums],
    engine: sqliteEngine({ path: path.join(data, "notes.db") }),
    access: { subscribe: ({ channel }) => channel === updates.name({}), publish: (asked) => isUpdate(asked.data) },
    limits: { messageBytes: 1_048_576, publishBytesPerSecond: 2_097_152 },
  });
  await tide.start();
  tide.attach(server);

  const note = new Y.Doc();
  const whole = () => toText(Y.encodeStateAsUpdate(note));
  const store = tide.channel(sums);
  const [kept] = await store.history(1);
  if (kept !== undefined) Y.applyUpdate(note, toBytes(kept.data.update));

  server.once("listening", () => {
    // A reader of this server's own channel, like any other: it begins where the sum ends, and misses nothing.
    const { port } = server.address() as AddressInfo;
    const reader = createClient({ url: `ws://localhost:${port}/connection/websocket`, onError: console.error });
    const log = reader.channel(updates);
    const waiting: (() => void)[] = [];
    let due: NodeJS.Timeout | undefined;
    const keep = (): void => {
      due = undefined;
      if (log.position !== null) store.publish({ update: whole(), ...log.position }).catch(console.error);
    };
    log.onPublication(({ data: update, position }) => {
      Y.applyUpdate(note, toBytes(update));
      // Its position moves on behind this listener.
      if ((position?.offset ?? 0) % keepCount === 0) queueMicrotask(keep);
      due ??= setTimeout(keep, keepMs);
      for (const heard of waiting.splice(0)) queueMicrotask(heard);
    });
    // Also of nothing: from the very first update on there is a place to begin at.
    log.onState(({ kind }) => kind === "live" && keep());
    log.open(kept === undefined ? {} : { since: { epoch: kept.data.epoch, offset: kept.data.offset } });
    reader.connect();

    // Whoever asks has subscribed before: the answer has what was published by then, and the rest is on its way.
    tide.handle(load, async () => {
      const [newest] = await tide.channel(updates).history(1);
      while ((log.position?.offset ?? 0) < (newest?.position.offset ?? 0))
        await new Promise<void>((heard) => void waiting.push(heard));
      return whole();
    });
  });
  return tide;
}
