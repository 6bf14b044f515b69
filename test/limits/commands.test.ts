// Limits of commands: at the limit they pass, one above they are refused and counted once, wherever in a frame they stand.
import { defineCall, defineChannel } from "@tidewire/protocol";
import type { Limits } from "@tidewire/server";
import { describe, expect, test } from "vitest";
import { lobby, open, serve, type Served } from "../serving.ts";
import { hits, type LimitName, StillClock } from "./hits.ts";
import { forms, type FormName, type Said, type Voice, voice } from "./voice.ts";

const table = defineChannel("table", { mode: "latest", key: (value) => String(value) });

const subscribe = (name: string): Said => ({ subscribe: { channel: `public:${name}` } });
const publish = (data: unknown, channel = "lobby"): Said => ({ publish: { channel, data } });
const call = (method: string, data: unknown = null): Said => ({ rpc: { method, data } });
const history = (limit: number): Said => ({ history: { channel: "public:a", limit } });
const harmless: Said = { presence_stats: { channel: "lobby" } };

interface Case {
  readonly limit: LimitName;
  readonly limits?: Partial<Limits>;
  /** What still passes. */
  readonly within: readonly Said[];
  readonly above: Said;
  /** The error's code. */
  readonly code: number;
}

const cases: readonly Case[] = [
  {
    limit: "channelsPerConnection",
    limits: { channelsPerConnection: 2 },
    within: [subscribe("a"), subscribe("b")],
    above: subscribe("c"),
    code: 106,
  },
  {
    limit: "channelNameBytes",
    within: [subscribe("x".repeat(247)), subscribe("x".repeat(248))],
    above: subscribe("x".repeat(249)),
    code: 107,
  },
  {
    limit: "subscribesPerSecond",
    limits: { subscribesPerSecond: 1, subscribeBurst: 2 },
    within: [subscribe("a"), subscribe("b")],
    above: subscribe("c"),
    code: 111,
  },
  {
    limit: "publishesPerSecond",
    limits: { publishesPerSecond: 1, publishBurst: 2 },
    within: [publish(1), publish(2)],
    above: publish(3),
    code: 111,
  },
  {
    limit: "publishBytesPerSecond",
    limits: { publishBytesPerSecond: 20 },
    within: [publish("12345678"), publish("12345678")],
    above: publish(1),
    code: 111,
  },
  {
    limit: "callsPerSecond",
    limits: { callsPerSecond: 1, callBurst: 2 },
    within: [call("echo"), call("echo")],
    above: call("echo"),
    code: 111,
  },
  {
    limit: "publicationBytes",
    limits: { publicationBytes: 10 },
    within: [publish("1234567"), publish("12345678")],
    above: publish("123456789"),
    code: 413,
  },
];

async function begin(limits: Partial<Limits> = {}): Promise<Served> {
  const access = { connect: () => ({ user: "" }) };
  const channels = [lobby, open, table];
  const served = await serve({ channels, mode: "production", access, clock: new StillClock(), limits });
  served.tide.handle(defineCall("echo"), (input) => input);
  served.tide.handle(defineCall("hang"), () => new Promise(() => undefined));
  return served;
}

const places = [
  { place: "first", before: [] },
  { place: "second", before: [harmless] },
] as const;

const everywhere = forms.flatMap((form) => places.map(({ place, before }) => ({ form, place, before })));

describe.each(everywhere)("in $form, as the $place command of a frame", ({ form, before }) => {
  test.each(cases)("$limit", async ({ limit, limits, within, above, code }) => {
    const served = await begin(limits);
    const client = await voice(served, form);
    expect(await client.codes(...within)).toEqual(within.map(() => null));
    expect(hits(served, limit)).toBe(0);
    expect(await client.codes(...before, above)).toEqual([...before.map(() => null), code]);
    expect(hits(served, limit)).toBe(1);
    expect(await client.codes(harmless)).toEqual([null]);
  });

  test("callsPerConnection", async () => {
    const served = await begin({ callsPerConnection: 2 });
    const client = await voice(served, form);
    client.frame(call("hang"), call("hang"));
    await client.ask(harmless);
    expect(hits(served, "callsPerConnection")).toBe(0);
    const codes = await client.codes(...before, call("echo"));
    expect([codes.at(-1), hits(served, "callsPerConnection")]).toEqual([111, 1]);
  });

  test("replyBytes", async () => {
    const served = await begin({ replyBytes: 200 });
    const longest = await longestCall(served, form);
    const client = await numbered(served, form);
    expect(await client.codes(call("echo", "x".repeat(longest)))).toEqual([null]);
    const counted = hits(served, "replyBytes");
    const codes = await client.codes(...before, call("echo", "x".repeat(longest + 1)));
    expect([codes.at(-1), hits(served, "replyBytes") - counted]).toEqual([106, 1]);
  });

  test("historyPublications: more are not given", async () => {
    const served = await begin({ historyPublications: 2 });
    for (let n = 0; n < 4; n += 1) await served.tide.channel(open, { name: "a" }).publish(n);
    const client = await voice(served, form);
    const given = async (limit: number): Promise<number> => {
      const answers = (await client.ask(...before, history(limit))) as readonly { history?: { publications?: [] } }[];
      return answers.at(-1)?.history?.publications?.length ?? 0;
    };
    expect([await given(1), await given(2), hits(served, "historyPublications")]).toEqual([1, 2, 0]);
    expect([await given(3), hits(served, "historyPublications")]).toEqual([2, 1]);
  });

  test("latestTable: the 10,001st key", async () => {
    const served = await begin();
    const values = Array.from({ length: 9_999 }, (_, n) => n);
    await Promise.all(values.map((n) => served.tide.channel(table).publish(n)));
    const client = await voice(served, form);
    expect(await client.codes(publish(9_999, "table"))).toEqual([null]);
    expect(hits(served, "latestTable")).toBe(0);
    const codes = await client.codes(...before, publish(10_000, "table"));
    expect([codes.at(-1), hits(served, "latestTable")]).toEqual([106, 1]);
    expect(await client.codes(publish(7, "table"))).toEqual([null]);
  });

  test("membersShown: the counts still work", async () => {
    const served = await begin({ membersShown: 1 });
    const presence: Said = { presence: { channel: "lobby" } };
    const [client, another] = [await voice(served, form), await voice(served, form)];
    await client.ask({ subscribe: { channel: "lobby" } });
    expect(await client.codes(presence)).toEqual([null]);
    await another.ask({ subscribe: { channel: "lobby" } });
    expect(hits(served, "membersShown")).toBe(0);
    const codes = await client.codes(...before, presence);
    expect([codes.at(-1), hits(served, "membersShown")]).toEqual([106, 1]);
    expect(await client.ask(harmless)).toMatchObject([{ presence_stats: { num_clients: 2 } }]);
  });

  test("memberBytes", async () => {
    const served = await serve({
      access: { connect: ({ data }) => ({ user: "", info: data }) },
      limits: { memberBytes: 20 },
    });
    const outcome = async (info: string): Promise<number | null | undefined> =>
      (await (await voice(served, form, info)).codes(...before, { subscribe: { channel: "lobby" } })).at(-1);
    expect([await outcome("x".repeat(17)), await outcome("x".repeat(18))]).toEqual([null, null]);
    expect([hits(served, "memberBytes"), await outcome("x".repeat(19)), hits(served, "memberBytes")]).toEqual([
      0, 413, 1,
    ]);
  });

  test("userPublishesPerSecond: of all connections of the user, and of no other", async () => {
    const served = await serve({
      mode: "production",
      clock: new StillClock(),
      access: { connect: ({ data }) => ({ user: String(data) }) },
      limits: { userPublishesPerSecond: 1, userPublishBurst: 2 },
    });
    const [ann, annToo, bob] = await Promise.all(["ann", "ann", "bob"].map((user) => voice(served, form, user)));
    expect([await ann?.codes(publish(1)), await annToo?.codes(publish(2))]).toEqual([[null], [null]]);
    expect(hits(served, "userPublishesPerSecond")).toBe(0);
    expect((await ann?.codes(...before, publish(3)))?.at(-1)).toBe(111);
    expect([await bob?.codes(publish(4)), hits(served, "userPublishesPerSecond")]).toEqual([[null], 1]);
  });

  test("publishRate of a channel: of all its clients, and of no other channel", async () => {
    const slow = defineChannel("slow:{name}", { mode: "signal", publishRate: { perSecond: 0.5, burst: 2 } });
    const served = await serve({
      mode: "production",
      clock: new StillClock(),
      channels: [lobby, slow],
      access: { connect: () => ({ user: "" }) },
    });
    const [one, other] = [await voice(served, form), await voice(served, form)];
    expect([await one.codes(publish(1, "slow:a")), await other.codes(publish(2, "slow:a"))]).toEqual([[null], [null]]);
    expect(hits(served, "channelPublishes")).toBe(0);
    expect((await one.codes(...before, publish(3, "slow:a"))).at(-1)).toBe(111);
    expect([await other.codes(publish(4, "slow:b")), hits(served, "channelPublishes")]).toEqual([[null], 1]);
    // Nor does it cost others anything what somebody may not publish.
    const denied = defineChannel("denied:{name}", { mode: "signal", publishRate: { perSecond: 0.5, burst: 1 } });
    const access = {
      connect: ({ data }: { data: unknown }) => ({ user: String(data) }),
      publish: ({ user }: { user: string }) => user === "ann",
    };
    const picky = await serve({ mode: "production", clock: new StillClock(), channels: [lobby, denied], access });
    const [bob, ann] = [await voice(picky, form, "bob"), await voice(picky, form, "ann")];
    expect([await bob.codes(publish(1, "denied:a")), await ann.codes(publish(2, "denied:a"))]).toEqual([[103], [null]]);
    // The server itself is no client.
    await served.tide.channel(slow, { name: "a" }).publish(5);
  });

  test("refusalsInARow end the connection", async () => {
    const served = await begin({ publishesPerSecond: 1, publishBurst: 1, refusalsInARow: 3 });
    const client = await voice(served, form);
    await client.ask(publish(1));
    expect((await client.codes(...before, publish(2), publish(3))).slice(before.length)).toEqual([111, 111]);
    expect(hits(served, "refusalsInARow")).toBe(0);
    client.frame(...before, publish(4), publish(5));
    expect((await client.closed).code).toBe(3013);
    expect([hits(served, "refusalsInARow"), hits(served, "publishesPerSecond")]).toEqual([1, 3]);
  });
});

/** A client whose commands have numbers of two digits, which its answers repeat. */
async function numbered(served: Served, form: FormName): Promise<Voice> {
  const client = await voice(served, form);
  await client.ask(...Array.from({ length: 10 }, () => harmless));
  return client;
}

/** How long a text a call may return, found by trying. */
async function longestCall(served: Served, form: FormName): Promise<number> {
  const client = await numbered(served, form);
  const lengths = Array.from({ length: 200 }, (_, length) => length);
  const fits = async (length: number): Promise<boolean> =>
    (await client.codes(call("echo", "x".repeat(length))))[0] === null;
  let longest = 0;
  for (const length of lengths.slice(150)) if (await fits(length)) longest = length;
  // A command's number, an envelope and a head stand around it, and nothing more.
  expect(longest).toBeGreaterThan(160);
  return longest;
}
