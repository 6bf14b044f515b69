// Tokens from the wire: who may connect and subscribe by one, how they are refreshed, and what happens when they expire.
import { defineChannel } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import type { ConnectRequest } from "../access.ts";
import type { FakeConnection } from "../testing/fake-connection.ts";
import { FakeNode, type FakeNodeOptions } from "../testing/fake-node.ts";
import { tokenOf, tokenSecret } from "../testing/token.ts";

const history = { size: 1_000, ttlMs: 600_000 };
const news = defineChannel("news", { history, presence: true });
const orders = defineChannel("$orders", { history, presence: true });
const inside = defineChannel("ns:{name}", { history, presence: true });
const now = 1_767_225_600;

interface Line {
  readonly id?: number;
  readonly error?: { readonly code: number; readonly temporary?: true };
  readonly connect?: { readonly client: string; readonly expires?: true; readonly ttl?: number };
  readonly subscribe?: { readonly expires?: true; readonly ttl?: number };
  readonly push?: {
    readonly channel: string;
    readonly pub?: { readonly info?: object };
    readonly unsubscribe?: { readonly code: number };
  };
}

const begin = (options: Partial<FakeNodeOptions> = {}): Promise<FakeNode> =>
  FakeNode.start({
    channels: [news, orders, inside],
    tokens: { secret: tokenSecret },
    mode: "production",
    limits: { pingIntervalMs: 100_000_000 },
    ...options,
  });

/** What answers a command; `undefined` when the connection ended instead. */
async function ask(
  node: FakeNode,
  connection: FakeConnection,
  command: { readonly id: number; readonly [method: string]: unknown },
): Promise<Line | undefined> {
  connection.say(JSON.stringify(command));
  const answer = (): Line | undefined => (connection.lines as readonly Line[]).find(({ id }) => id === command.id);
  await node.until(() => connection.ended !== null || answer() !== undefined);
  return answer();
}

async function connect(node: FakeNode, claims?: object): Promise<{ connection: FakeConnection; line?: Line }> {
  const connection = node.centrifuge();
  const token = claims === undefined ? "" : tokenOf(claims);
  const line = await ask(node, connection, { id: 1, connect: { token } });
  return line === undefined ? { connection } : { connection, line };
}

describe("a connection's token", () => {
  it("is the identity: others see sub and info", async () => {
    const node = await begin();
    const { connection, line } = await connect(node, { sub: "42", info: { name: "Ann" }, exp: now + 600 });
    expect(line?.connect).toMatchObject({ expires: true, ttl: 600 });
    await ask(node, connection, { id: 2, subscribe: { channel: "news" } });
    const presence = await ask(node, connection, { id: 3, presence: { channel: "news" } });
    expect(Object.values((presence as { presence: { presence: object } }).presence.presence)).toMatchObject([
      { user: "42", conn_info: { name: "Ann" } },
    ]);
  });

  it("without an end is not told to be refreshed, and expire_at 0 is none", async () => {
    const node = await begin();
    for (const claims of [{ sub: "42" }, { sub: "42", exp: now + 600, expire_at: 0 }]) {
      const { line } = await connect(node, claims);
      expect(Object.keys(line?.connect ?? {})).toEqual(["client", "version", "ping", "pong"]);
    }
  });

  it.each([
    ["forged", tokenOf({ sub: "42" }, "another secret of the same length, or so")],
    ["no token", "hello"],
    ["for a subscription", tokenOf({ sub: "42", channel: "news" })],
    ["too long", "x".repeat(9_000)],
  ])("that is %s ends the connection with 3500, whatever follows it", async (_, token) => {
    const node = await begin({ access: { connect: () => ({ user: "by rule" }) } });
    const connection = node.centrifuge();
    connection.say(`${JSON.stringify({ id: 1, connect: { token } })}\n{"id":2,"subscribe":{"channel":"news"}}`);
    await node.until(() => connection.ended !== null);
    expect([connection.ended?.code, connection.lines, node.sessions.size]).toEqual([3500, [], 0]);
  });

  it.each([{ exp: now - 1 }, { exp: now }, { exp: now + 60, expire_at: now - 1 }])(
    "%j is answered with 109",
    async (claims) => {
      const { line, connection } = await connect(await begin(), { sub: "42", ...claims });
      expect([line?.error?.code, connection.ended]).toEqual([109, null]);
    },
  );

  it("is needed in production, and may be missing in development", async () => {
    expect((await connect(await begin())).line?.error?.code).toBe(101);
    expect((await connect(await begin({ mode: "development" }))).line?.connect).toBeDefined();
  });

  it("is seen by the connect rule, verified, and null without one", async () => {
    const seen: unknown[] = [];
    const rule = ({ claims, token }: ConnectRequest): { user: string } => {
      seen.push(claims, token !== "");
      return { user: `rule:${claims?.user ?? "cookie"}` };
    };
    const node = await begin({ access: { connect: rule } });
    await connect(node, { sub: "42", exp: now + 60, channels: ["news"] });
    await connect(node);
    expect(seen).toEqual([{ user: "42", info: undefined, expiresAt: now + 60, channels: ["news"] }, true, null, false]);
    expect([...node.sessions.values()].map(({ identity }) => identity.user)).toEqual(["rule:42", "rule:cookie"]);
  });

  it("is not looked at without the option, and the rule sees it as it came", async () => {
    const requests: ConnectRequest[] = [];
    const access = { connect: (request: ConnectRequest) => (requests.push(request), { user: "" }) };
    const node = await FakeNode.start({ channels: [news, orders], access });
    const connection = node.centrifuge();
    await ask(node, connection, { id: 1, connect: { token: "own" } });
    expect(requests).toMatchObject([{ token: "own", claims: null }]);
    expect((await ask(node, connection, { id: 2, refresh: { token: "t" } }))?.error?.code).toBe(108);
    const named = await ask(node, connection, { id: 3, subscribe: { channel: "$orders", token: "t" } });
    expect(named?.subscribe).toBeDefined();
  });

  it("cannot be judged when the issuer does not answer: a temporary error, no end", async () => {
    const node = await begin({ tokens: { jwksUrl: "http://127.0.0.1:1/keys" } });
    const connection = node.centrifuge();
    const head = Buffer.from('{"alg":"ES256","kid":"k"}').toString("base64url");
    const token = `${head}.${Buffer.from("{}").toString("base64url")}.${"A".repeat(86)}`;
    const line = await ask(node, connection, { id: 1, connect: { token } });
    expect([line?.error, connection.ended]).toMatchObject([{ code: 100, temporary: true }, null]);
  });

  it("counts for the user's limit of connections", async () => {
    const node = await begin({ limits: { connectionsPerUser: 1 } });
    await connect(node, { sub: "42" });
    expect((await connect(node, { sub: "42" })).connection.ended?.code).toBe(3504);
    const both = await Promise.all([connect(node, { sub: "7" }), connect(node, { sub: "7" })]);
    expect(both.filter(({ connection }) => connection.ended?.code === 3504).length).toBe(1);
  });
});

describe("refresh", () => {
  const renew = (node: FakeNode, connection: FakeConnection, token: string): Promise<Line | undefined> =>
    ask(node, connection, { id: 9, refresh: { token } });

  it("answers with the client and its new end, and the connection lives on", async () => {
    const node = await begin();
    const { connection, line } = await connect(node, { sub: "42", exp: now + 10 });
    await node.pass(8_000, 1_000);
    const refreshed = await renew(node, connection, tokenOf({ sub: "42", exp: now + 100 }));
    expect(refreshed).toMatchObject({ refresh: { client: line?.connect?.client, expires: true, ttl: 92 } });
    await node.pass(100_000, 1_000);
    expect(connection.ended).toBeNull();
    await node.pass(20_000, 1_000);
    expect(connection.ended?.code).toBe(3005);
  });

  it("with a token without an end says so, and nothing expires", async () => {
    const node = await begin();
    const { connection } = await connect(node, { sub: "42", exp: now + 10 });
    const refreshed = await renew(node, connection, tokenOf({ sub: "42" }));
    expect(Object.keys((refreshed as { refresh: object }).refresh)).toEqual(["client", "version"]);
    await node.pass(120_000, 1_000);
    expect(connection.ended).toBeNull();
  });

  it.each([
    [3005, "an expired token", { sub: "42", exp: now - 1 }],
    [3500, "another user's", { sub: "43", exp: now + 100 }],
    [3500, "a subscription's", { sub: "42", channel: "news" }],
    [3500, "no token", null],
  ])("ends the connection with %i for %s", async (code, _, claims) => {
    const node = await begin();
    const { connection } = await connect(node, { sub: "42", exp: now + 10 });
    await renew(node, connection, claims === null ? "" : tokenOf(claims));
    expect([connection.ended?.code, node.sessions.size]).toEqual([code, 0]);
  });

  it("names the token's user, whoever the rule made of it", async () => {
    const node = await begin({ access: { connect: ({ claims }) => ({ user: `account of ${claims?.user}` }) } });
    const { connection } = await connect(node, { sub: "42", exp: now + 10 });
    expect(await renew(node, connection, tokenOf({ sub: "42", exp: now + 100 }))).toHaveProperty("refresh");
    await ask(node, connection, { id: 10, refresh: { token: tokenOf({ sub: "account of 42" }) } });
    expect(connection.ended?.code).toBe(3500);
  });

  it("that does not come ends the connection 25 s after the token, and leaves no timer", async () => {
    const node = await begin();
    const { connection } = await connect(node, { sub: "42", exp: now + 5 });
    await node.pass(29_900);
    expect(connection.ended).toBeNull();
    await node.pass(200);
    expect(connection.ended).toMatchObject({ code: 3005 });
    expect(node.hub.wheel.size).toBe(1);
  });

  it("is due by the wall clock, which may jump; without a token a jump ends nothing", async () => {
    const node = await begin({ mode: "development" });
    const [jumped, guest] = [await connect(node, { sub: "42", exp: now + 600 }), await connect(node)];
    node.clock.stepWall(3_600_000);
    await node.pass(11_000, 1_000);
    expect([jumped.connection.ended?.code, guest.connection.ended]).toEqual([3005, null]);
    const back = await connect(node, { sub: "42", exp: now + 3_600 + 30 });
    node.clock.stepWall(-3_600_000);
    await node.pass(120_000, 1_000);
    expect(back.connection.ended).toBeNull();
  });
});

describe("a subscription's token", () => {
  const subscribe = (channel: string, claims: object | null, id = 2): { id: number; subscribe: object } => ({
    id,
    subscribe: { channel, ...(claims === null ? {} : { token: tokenOf(claims) }) },
  });

  it("stands in for the rule, opens a private channel, and tells its end", async () => {
    const node = await begin({ access: { subscribe: () => false } });
    const { connection } = await connect(node, { sub: "42" });
    expect((await ask(node, connection, subscribe("news", null)))?.error?.code).toBe(103);
    const token = { sub: "42", channel: "$orders", exp: now + 60 };
    expect(await ask(node, connection, subscribe("$orders", token, 3))).toMatchObject({
      subscribe: { expires: true, ttl: 60 },
    });
    const endless = await ask(node, connection, subscribe("news", { sub: "42", channel: "news" }, 4));
    expect(endless?.subscribe).not.toHaveProperty("expires");
  });

  it.each([
    [103, "$orders", "42", null],
    [103, "ns:$x", "42", null],
    [103, "ns:x#1,2", "42", null],
    [103, "ns:x#", "", null],
    [undefined, "ns:x#1,42", "42", null],
    [undefined, "ns:x#1,2", "42", { sub: "42", channel: "ns:x#1,2" }],
    [undefined, "ns:x", "42", null],
    [109, "$orders", "42", { sub: "42", channel: "$orders", exp: now - 1 }],
    [109, "$orders", "42", { sub: "42", channel: "$orders", expire_at: now - 1 }],
    [103, "$orders", "42", { sub: "42" }],
  ])("answers %s for %s, user %j, token %j", async (...[code, channel, user, claims]) => {
    const node = await begin();
    const { connection } = await connect(node, { sub: user });
    expect((await ask(node, connection, subscribe(channel, claims)))?.error?.code).toBe(code);
    expect(connection.ended).toBeNull();
  });

  it("that is forged is refused, one of another user or channel ends the connection", async () => {
    const node = await begin();
    const { connection } = await connect(node, { sub: "42" });
    const forged = tokenOf({ sub: "42", channel: "$orders" }, "another secret of the same length, or so");
    const answer = await ask(node, connection, { id: 2, subscribe: { channel: "$orders", token: forged } });
    expect([answer?.error?.code, connection.ended]).toEqual([103, null]);
    for (const claims of [
      { sub: "43", channel: "$orders" },
      { sub: "42", channel: "news" },
    ]) {
      const other = await connect(node, { sub: "42" });
      await ask(node, other.connection, subscribe("$orders", claims));
      expect([other.connection.ended?.code, node.hub.subscriptions]).toEqual([3500, 0]);
    }
  });

  it("keeps readers and writers of the same name out who have none", async () => {
    const node = await begin();
    const { connection } = await connect(node, { sub: "42" });
    const commands = [
      { id: 2, history: { channel: "$orders", limit: 1 } },
      { id: 3, presence: { channel: "$orders" } },
      { id: 4, presence_stats: { channel: "$orders" } },
      { id: 5, publish: { channel: "$orders", data: 1 } },
    ];
    for (const command of commands) expect((await ask(node, connection, command))?.error?.code).toBe(103);
    await ask(node, connection, subscribe("$orders", { sub: "42", channel: "$orders" }, 6));
    for (const command of commands) {
      expect(await ask(node, connection, { ...command, id: command.id + 10 })).not.toHaveProperty("error");
    }
    const ruled = await begin({ access: { publish: () => true } });
    const writer = await connect(ruled, { sub: "42" });
    expect(await ask(ruled, writer.connection, { id: 5, publish: { channel: "$orders", data: 1 } })).toHaveProperty(
      "publish",
    );
  });

  it("says what others see of the user in that channel alone", async () => {
    const node = await begin();
    const { connection } = await connect(node, { sub: "42", info: { name: "Ann" } });
    await ask(node, connection, subscribe("$orders", { sub: "42", channel: "$orders", info: { role: "buyer" } }));
    await ask(node, connection, subscribe("news", null, 3));
    await ask(node, connection, { id: 4, publish: { channel: "$orders", data: 1 } });
    await ask(node, connection, { id: 5, publish: { channel: "news", data: 1 } });
    const infos = (connection.lines as readonly Line[]).flatMap(({ push }) => push?.pub?.info ?? []);
    expect(infos).toMatchObject([{ user: "42", conn_info: { name: "Ann" }, chan_info: { role: "buyer" } }, {}]);
    expect(infos[1]).not.toHaveProperty("chan_info");
    const presence = await ask(node, connection, { id: 6, presence: { channel: "$orders" } });
    expect(JSON.stringify(presence)).toContain('"chan_info":{"role":"buyer"}');
    const large = { sub: "42", channel: "ns:a", info: "x".repeat(3_000) };
    expect((await ask(node, connection, subscribe("ns:a", large, 7)))?.error?.code).toBe(413);
  });

  it("that expires ends the subscription with 2501 after 25 s, and nothing else", async () => {
    const node = await begin();
    const { connection } = await connect(node, { sub: "42" });
    await ask(node, connection, subscribe("$orders", { sub: "42", channel: "$orders", exp: now + 5 }));
    await node.pass(29_900);
    expect(node.hub.subscriptions).toBe(1);
    await node.publish("$orders", 1);
    await node.pass(200);
    const pushes = (connection.lines as readonly Line[]).flatMap(({ push }) => push ?? []);
    expect(pushes).toMatchObject([{ pub: { data: 1 } }, { channel: "$orders", unsubscribe: { code: 2501 } }]);
    expect(node.metrics.snapshot()["subscriptions_expired"]).toBe(1);
    // What is left: the sweep of the tails, the next ping, the closing of the channel.
    expect([node.hub.subscriptions, connection.ended, node.hub.wheel.size]).toEqual([0, null, 3]);
  });

  it("leaves no timer when its subscription has ended", async () => {
    const node = await begin();
    const { connection } = await connect(node, { sub: "42" });
    await ask(node, connection, subscribe("$orders", { sub: "42", channel: "$orders", exp: now + 5 }));
    const before = node.hub.wheel.size;
    await ask(node, connection, { id: 3, unsubscribe: { channel: "$orders" } });
    // Its expiry is gone; the channel's closing has come.
    expect(node.hub.wheel.size).toBe(before);
    await ask(node, connection, subscribe("$orders", { sub: "42", channel: "$orders" }, 4));
    await node.pass(60_000, 1_000);
    expect(node.hub.subscriptions).toBe(1);
  });
});

describe("sub_refresh", () => {
  const begun = async (): Promise<{ node: FakeNode; connection: FakeConnection }> => {
    const node = await begin();
    const { connection } = await connect(node, { sub: "42" });
    const token = tokenOf({ sub: "42", channel: "$orders", exp: now + 5 });
    await ask(node, connection, { id: 2, subscribe: { channel: "$orders", token } });
    await ask(node, connection, { id: 3, subscribe: { channel: "news" } });
    return { node, connection };
  };
  const renew = (channel: string, token: string): { id: number; sub_refresh: object } => ({
    id: 9,
    sub_refresh: { channel, token },
  });

  it("answers with the new end, and the subscription lives on", async () => {
    const { node, connection } = await begun();
    const token = tokenOf({ sub: "42", channel: "$orders", exp: now + 100 });
    expect(await ask(node, connection, renew("$orders", token))).toEqual({
      id: 9,
      sub_refresh: { expires: true, ttl: 100 },
    });
    await node.pass(60_000, 1_000);
    expect(node.hub.subscriptions).toBe(2);
  });

  it.each([
    [103, "what is not subscribed", "ns:x", tokenOf({ sub: "42", channel: "ns:x" })],
    [103, "what no token let in", "news", tokenOf({ sub: "42", channel: "news" })],
    [103, "a token that is none", "$orders", "x"],
  ])("is refused with %i for %s", async (...[code, , channel, token]) => {
    const { node, connection } = await begun();
    expect((await ask(node, connection, renew(channel, token)))?.error?.code).toBe(code);
    expect(connection.ended).toBeNull();
  });

  it.each([
    [3006, "an expired token", { sub: "42", channel: "$orders", exp: now - 1 }],
    [3500, "another user's", { sub: "43", channel: "$orders" }],
    [3500, "another channel's", { sub: "42", channel: "news" }],
  ])("ends the connection with %i for %s", async (code, _, claims) => {
    const { node, connection } = await begun();
    await ask(node, connection, renew("$orders", tokenOf(claims)));
    expect([connection.ended?.code, node.hub.subscriptions]).toEqual([code, 0]);
  });

  it("is not available where tokens are not verified", async () => {
    const node = await FakeNode.start({ channels: [news] });
    const connection = await node.connected();
    expect((await ask(node, connection, renew("news", "t")))?.error?.code).toBe(108);
  });
});
