// An unsubscribe of the server's own making: after what was ready, once, and no fault of the client's.
import { defineChannel } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import type { Cursor } from "../hub/cursor.ts";
import type { Subscriber } from "../hub/subscriber.ts";
import { FakeNode } from "../testing/fake-node.ts";
import { ScriptedEngine } from "../testing/scripted-engine.ts";

const news = defineChannel("news", { history: { size: 1_000, ttlMs: 60_000 } });

describe("Session.end", () => {
  it.each([
    ["of one with a gap ready is that gap alone", "x", 2500],
    ["of one with a large publication ready comes after it", "x".repeat(300_000), 2000],
  ])("%s", async (_, text, code) => {
    const engine = new ScriptedEngine();
    const node = await FakeNode.start({ channels: [news], engine });
    const connection = await node.connected();
    connection.say('{"id":2,"subscribe":{"channel":"news"}}');
    await node.settle();
    await node.publish("news", text);
    const [session] = node.sessions.values();
    const subscriber = session as unknown as Subscriber & {
      readonly subscriptions: ReadonlyMap<string, { readonly cursor: Cursor }>;
    };
    if (code === 2500) {
      node.hub.channel("news")?.tail.break({ epoch: "new", offset: 0 });
      subscriber.subscriptions.get("news")?.cursor.pull({ pageBytes: 65_536, tableBytes: 65_536 });
    }
    subscriber.end("news", "unsubscribed");
    await node.settle();
    const pushes = connection.lines.map((line) => line["push"] as { unsubscribe?: { code: number } } | undefined);
    expect(pushes.flatMap((push) => push?.unsubscribe?.code ?? [])).toEqual([code]);
    expect(pushes.at(-1)?.unsubscribe?.code).toBe(code);
    expect([connection.ended, node.hub.subscriptions]).toEqual([null, 0]);
  });
});
