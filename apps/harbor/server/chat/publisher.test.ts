// From the database into the channel: what is kept is published, in order, once, whatever breaks in between.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { TidewireError } from "@tidewire/protocol";
import { createTidewire, type Log, type Tidewire } from "@tidewire/server";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chat } from "../../contract/chat.ts";
import { activity, rooms } from "../../contract/rooms.ts";
import { keepMessage, readMessages } from "../data/messages.ts";
import { openDatabase } from "../data/open-database.ts";
import { addRoom } from "../data/rooms.ts";
import type { Database } from "../data/schema.ts";
import { type Channels, createPublisher, type Publisher } from "./publisher.ts";
import { roomChannels } from "./room-channels.ts";

const quiet: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const ada = { id: "guest_ada", name: "Ada" };

function ignore(): void {
  // The tests look at the channel, not at the log.
}

let folder: string;
let node: Node;

/** What lives in one process: database, engine, publisher. */
interface Node {
  readonly db: Database;
  readonly tide: Tidewire;
  readonly channels: ReturnType<typeof roomChannels>;
}

async function startNode(): Promise<Node> {
  const db = await openDatabase(path.join(folder, "harbor.db"));
  const tide = createTidewire({
    channels: [chat, rooms, activity],
    engine: sqliteEngine({ path: path.join(folder, "tidewire.db") }),
    mode: "development",
  });
  await tide.start();
  return { db, tide, channels: roomChannels(tide, quiet, () => undefined) };
}

async function stopNode({ channels, db, tide }: Node): Promise<void> {
  channels.stop();
  await tide.stop({ drainMs: 1 });
  await db.destroy();
}

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "harbor-publisher-"));
  node = await startNode();
});

afterEach(async () => {
  await stopNode(node);
  rmSync(folder, { recursive: true });
});

async function keep(text: string): Promise<void> {
  await keepMessage(node.db, { room: "harbour", author: ada, text, nonce: `nonce-${text}` });
}

async function inChannel(): Promise<string[]> {
  const history = await node.tide.channel(chat, { room: "harbour" }).history(100);
  return history.map((publication) => publication.data.message.text);
}

/** Publishing that is interrupted: the first calls end as `trouble` says, after or before the channel has the message. */
function troubled(channels: Channels, troubles: (() => "before" | "after" | "not at all")[]): Channels {
  return {
    ...channels,
    async publishChat(room, event, options) {
      const trouble = troubles.shift()?.() ?? "not at all";
      if (trouble === "before") throw new TidewireError("engine_unavailable");
      await channels.publishChat(room, event, options);
      if (trouble === "after") throw new TidewireError("indeterminate");
    },
  };
}

async function publishAll(publisher: Publisher): Promise<void> {
  publisher.messageKept("harbour");
  await publisher.idle();
}

describe("the publisher", () => {
  it("publishes in the order of the numbers", async () => {
    for (const text of ["one", "two", "three"]) await keep(text);
    await publishAll(createPublisher(node.db, node.channels, quiet));
    expect(await inChannel()).toEqual(["one", "two", "three"]);
  });

  it("goes on after trouble, without leaving one out, doubling one or changing the order", async () => {
    const publisher = createPublisher(
      node.db,
      troubled(node.channels, [() => "before", () => "after", () => "not at all", () => "after"]),
      quiet,
    );
    for (const text of ["one", "two", "three"]) await keep(text);
    await publishAll(publisher);
    expect(await inChannel()).toEqual(["one", "two", "three"]);
  });

  it("leaves out what will never be accepted, and goes on", async () => {
    const channels: Channels = {
      ...node.channels,
      publishChat: (room, event, options) =>
        event.message.text === "bad"
          ? Promise.reject(new TidewireError("invalid_data"))
          : node.channels.publishChat(room, event, options),
    };
    for (const text of ["one", "bad", "two"]) await keep(text);
    await publishAll(createPublisher(node.db, channels, quiet));
    expect(await inChannel()).toEqual(["one", "two"]);
    expect(await readMessages(node.db, { room: "harbour", limit: 10 })).toHaveLength(3);
  });

  it("wakes for a message that comes while it works", async () => {
    const publisher = createPublisher(node.db, node.channels, quiet);
    await keep("one");
    publisher.messageKept("harbour");
    await keep("two");
    await publishAll(publisher);
    expect(await inChannel()).toEqual(["one", "two"]);
  });

  it("publishes rooms too", async () => {
    const publisher = createPublisher(node.db, node.channels, quiet);
    await addRoom(node.db, { name: "Deck", topic: "", by: ada });
    publisher.roomKept();
    await publisher.idle();
    expect(await node.tide.channel(rooms).history(10)).toMatchObject([{ data: { room: { id: "deck" } } }]);
  });
});

describe("after a crash", () => {
  it.each([
    ["before anything was published", 0, 0],
    ["between a publish and its mark", 2, 1],
    ["after marking", 2, 2],
  ])("%s, the next process publishes what is missing, once and in order", async (_when, published, marked) => {
    for (const text of ["one", "two", "three"]) await keep(text);
    await diesAfter(published, marked);
    await stopNode(node);
    node = await startNode();
    await keep("four");
    const publisher = createPublisher(node.db, node.channels, quiet);
    await publisher.recover();
    await publisher.idle();
    expect(await inChannel()).toEqual(["one", "two", "three", "four"]);
  });

  it("does not rely on the engine still knowing the key of what it has", async () => {
    await keep("one");
    // Published under another key, as good as one that was forgotten.
    const [message] = await readMessages(node.db, { room: "harbour", limit: 1 });
    if (message === undefined) throw new Error("it was kept");
    await node.tide.channel(chat, { room: "harbour" }).publish({ type: "message", message });
    const publisher = createPublisher(node.db, node.channels, quiet);
    await publisher.recover();
    await publisher.idle();
    expect(await inChannel()).toEqual(["one"]);
  });
});

/** A process that publishes so many, marks so many of them, and is gone. */
async function diesAfter(published: number, marked: number): Promise<void> {
  let calls = 0;
  const publisher: Publisher = createPublisher(
    node.db,
    {
      ...node.channels,
      async publishChat(room, event, options) {
        if (calls === published) return await dead();
        calls += 1;
        await node.channels.publishChat(room, event, options);
        if (calls > marked) await dead();
      },
    },
    quiet,
  );
  const gone = Promise.withResolvers<void>();
  /** Whoever dies does nothing more, and throws nothing either. */
  async function dead(): Promise<void> {
    publisher.stop();
    gone.resolve();
    return await new Promise(() => undefined);
  }
  publisher.messageKept("harbour");
  await gone.promise;
}
