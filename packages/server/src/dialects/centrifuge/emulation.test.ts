// Emulated connections: whose requests are heard, when they wait, and how a dead or a stuck client is found.
import { defineCall, defineChannel } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import { FakeConnection } from "../../testing/fake-connection.ts";
import { FakeNode, type FakeNodeOptions } from "../../testing/fake-node.ts";
import { asciiFraming } from "../../transports/running-framing.ts";
import { open } from "../open.ts";
import { emulated } from "./emulated.ts";
import { Emulation, type Outcome } from "./emulation.ts";

const news = defineChannel("news", { history: { size: 1_000, ttlMs: 60_000 }, presence: true });

type Line = Readonly<Record<string, unknown>>;

/** A node and one client of it, that has said `first`. */
class Emulated {
  readonly node: FakeNode;
  readonly emulation: Emulation;
  readonly stream: FakeConnection;
  readonly outcomes: Outcome[] = [];

  private constructor(node: FakeNode, first: string) {
    this.node = node;
    this.emulation = new Emulation({ ...node.node, node: "n1" });
    this.stream = new FakeConnection({}, 4_096, asciiFraming);
    const { clock, limits } = node;
    this.stream.opened = this.emulation.open(
      this.stream,
      { data: Buffer.from(first), form: "text" },
      (connection, place) =>
        open(node.node, connection, emulated(connection.framing, { form: "json", place, limits, clock })),
    );
  }

  static async begin(first = '{"id":1,"connect":{}}', options: Partial<FakeNodeOptions> = {}): Promise<Emulated> {
    const begun = new Emulated(await FakeNode.start({ channels: [news], ...options }), first);
    await begun.node.settle();
    return begun;
  }

  get lines(): readonly Line[] {
    return this.stream.bytes
      .toString()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Line);
  }

  get place(): { readonly client: string; readonly session: string; readonly node: string } {
    return this.lines[0]?.["connect"] as Emulated["place"];
  }

  say(commands: string, place: { readonly session: string; readonly node: string } = this.place): void {
    const { session, node } = place;
    this.emulation.take({ session, node, data: Buffer.from(commands), form: "text" }, (outcome) =>
      this.outcomes.push(outcome),
    );
  }
}

const presence = (id: number): string => `{"id":${id},"presence_stats":{"channel":"news"}}`;

describe("an emulated connection", () => {
  it("hears by its stream what it asked by requests", async () => {
    const client = await Emulated.begin();
    expect(client.place).toMatchObject({ node: "n1", pong: true });
    client.say('{"id":2,"subscribe":{"channel":"news"}}\n{"id":3,"publish":{"channel":"news","data":1}}');
    await client.node.settle();
    expect(client.outcomes).toEqual(["taken"]);
    expect(client.lines.slice(1)).toMatchObject([
      { id: 2, subscribe: { recoverable: true } },
      { push: { channel: "news", pub: { data: 1 } } },
      { id: 3, publish: {} },
    ]);
  });

  it("is known by its secret alone: not by the id that others see, nor to another node", async () => {
    const client = await Emulated.begin();
    const { client: id, session, node } = client.place;
    expect(session).not.toBe(id);
    expect(session).toHaveLength(32);
    client.say(presence(2), { session: id, node });
    client.say(presence(2), { session: session.slice(0, -1), node });
    client.say(presence(2), { session, node: "n2" });
    client.say(presence(2), { session, node: "" });
    client.say(presence(2), { session: "", node });
    await client.node.settle();
    expect(client.outcomes).toEqual(Array(5).fill("unknown"));
    expect(client.lines).toHaveLength(1);
  });

  it.each(["the client", "the server"])("is unknown once %s has ended it", async (who) => {
    const client = await Emulated.begin();
    if (who === "the client") client.stream.opened?.closed(1006, "");
    else client.node.sessions.get(client.place.client)?.close("shutdown");
    client.say(presence(2));
    expect(client.outcomes).toEqual(["unknown"]);
    expect([client.node.sessions.size, client.emulation.size]).toEqual([0, 0]);
  });

  it("ends with the reason as the last thing said", async () => {
    const client = await Emulated.begin();
    client.say("{}");
    expect(client.stream.ended?.code).toBe(200);
    expect(JSON.parse(client.stream.last?.toString() ?? "")).toEqual({
      push: { disconnect: { code: 3501, reason: "bad request: a pong that no ping asked for" } },
    });
  });

  it("puts frames that overtook each other back into their order", async () => {
    const client = await Emulated.begin();
    const publish = (id: number): string => `{"id":${id},"publish":{"channel":"news","data":${id}}}`;
    client.say('{"id":2,"subscribe":{"channel":"news"}}');
    for (const id of [5, 3, 4]) client.say(publish(id));
    await client.node.settle();
    const heard = client.lines.flatMap(
      (line) => (line["push"] as { pub: { data: number } } | undefined)?.pub.data ?? [],
    );
    expect(heard).toEqual([3, 4, 5]);
  });

  it("that answers pings lives, and one that does not is closed", async () => {
    const [alive, dead] = [await Emulated.begin(), await Emulated.begin()];
    let answered = 0;
    for (let second = 0; second < 60; second += 1) {
      await alive.node.pass(1_000, 1_000);
      const pings = alive.lines.filter((line) => Object.keys(line).length === 0).length;
      for (; answered < pings; answered += 1) alive.say("{}");
    }
    await dead.node.pass(60_000, 1_000);
    expect(alive.stream.ended).toBeNull();
    expect(answered).toBeGreaterThanOrEqual(2);
    expect(dead.stream.last?.toString()).toContain('"code":3012');
  });

  it("answers marks by requests, where it asked for a window", async () => {
    const client = await Emulated.begin(
      '{"id":1,"connect":{"tide":{"window":4096}}}\n{"id":2,"subscribe":{"channel":"news"}}',
    );
    for (let n = 0; n < 100; n += 1) await client.node.publish("news", { n, text: "x".repeat(200) });
    await client.node.settle();
    const count = (): number => client.lines.filter((line) => "push" in line).length;
    const before = count();
    expect(before).toBeLessThan(50);
    for (let rounds = 0; count() < 100 && rounds < 100; rounds += 1) {
      const mark = client.lines.findLast((line) => "mark" in line);
      client.say(JSON.stringify(mark));
      await client.node.settle();
    }
    expect([count(), client.stream.ended]).toEqual([100, null]);
  });

  it("that stops reading has its requests wait, then refused; reading on, it is obeyed in order", async () => {
    const client = await Emulated.begin(undefined, { limits: { controlFrames: 8 } });
    client.stream.stop();
    const many = 200;
    for (let id = 2; id < many; id += 1) {
      client.say(presence(id));
      await client.node.settle();
    }
    const crowded = client.outcomes.filter((outcome) => outcome === "crowded").length;
    expect(crowded).toBeGreaterThan(0);
    expect(client.outcomes).not.toContain("unknown");
    client.stream.resume();
    await client.node.settle();
    const taken = many - 2 - crowded;
    const ids = client.lines.slice(1).map((line) => line["id"]);
    expect(ids).toEqual(Array.from({ length: taken }, (_, index) => index + 2));
    expect(client.outcomes.filter((outcome) => outcome === "taken")).toHaveLength(taken);
  });

  it("that stops reading for a minute is closed, and what waited is told that it is gone", async () => {
    const client = await Emulated.begin(undefined, { limits: { controlFrames: 8 } });
    client.stream.stop();
    const said = 120;
    for (let id = 2; id < said + 2; id += 1) {
      client.say(presence(id));
      await client.node.settle();
    }
    const waiting = said - client.outcomes.length;
    expect(waiting).toBeGreaterThan(0);
    // The first minute began before its last request was heard.
    await client.node.pass(130_000, 1_000);
    expect(client.stream.last?.toString()).toContain('"code":3008');
    expect(client.outcomes.filter((outcome) => outcome === "unknown")).toHaveLength(waiting);
  });

  it("holds a bounded number of bytes of what waits", async () => {
    const client = await Emulated.begin(undefined, { limits: { controlFrames: 4, callsPerConnection: 1 } });
    client.node.calls.set("echo", { definition: defineCall("echo"), handler: (input) => input });
    client.stream.stop();
    const call = (id: number): string => `{"id":${id},"rpc":{"method":"echo","data":"${"x".repeat(60_000)}"}}`;
    for (let id = 2; id < 40; id += 1) {
      client.say(call(id));
      await client.node.settle();
    }
    expect(client.outcomes.at(-1)).toBe("crowded");
    // Four of 60 kB wait, and a few were taken before it was held.
    expect(38 - client.outcomes.length).toBe(4);
  });
});
