// What endpoints are told of a server that people use, also when it is killed, and on two nodes.
import { memoryEngine } from "@tidewire/server/memory";
import { createWebhooks, type WebhookEndpoint, withWebhooks } from "@tidewire/webhooks";
import type { JobEvent } from "@tidewire/protocol";
import { State } from "centrifuge";
import { expect, it, onTestFinished } from "vitest";
import { listening } from "../centrifuge-client.ts";
import { freePort, temporaryFile } from "../killable-node.ts";
import { ask, post } from "../requesting.ts";
import { NatsServer } from "../services/nats.ts";
import { RedisServer } from "../services/redis.ts";
import { serve, type Served } from "../serving.ts";
import { hookNode, inRoom, killed } from "./hook-nodes.ts";
import { Receiver, type Told } from "./receiver.ts";
import { secret } from "./secret.ts";

const apiKey = "0123456789abcdef";

/** What happens is looked for once a second. */
const soon = { timeout: 30_000 };

const endpointAt = (name: string, { url }: Receiver): WebhookEndpoint => ({
  name,
  url,
  secret,
  allowsHttp: true,
  allowsPrivate: true,
});

interface Hooked extends Served {
  readonly webhooks: ReturnType<typeof createWebhooks>;
}

async function hooked(endpoints: readonly WebhookEndpoint[]): Promise<Hooked> {
  const webhooks = createWebhooks({ path: temporaryFile(), endpoints });
  await webhooks.open();
  const access = { connect: ({ data }: { readonly data: unknown }) => ({ user: (data as { user: string }).user }) };
  const engine = memoryEngine();
  const served = await serve({ lifecycle: webhooks, webhooks, apiKey, access, engine, mode: "development" });
  const stop = async (): Promise<void> => {
    await served.stop();
    await webhooks.close();
  };
  onTestFinished(stop);
  return { ...served, stop, webhooks };
}

async function api({ httpUrl }: Served, method: string, parameters: object = {}): Promise<unknown> {
  const { body } = await post(`${httpUrl}/api/${method}`, JSON.stringify(parameters), { "x-api-key": apiKey });
  return (body as { readonly result: unknown }).result;
}

it("who connects, which channel is occupied and who is in it is told, and when that has ended, with the reason", async () => {
  const [all, few] = [await Receiver.listening(), await Receiver.listening()];
  const it = await hooked([endpointAt("all", all), { ...endpointAt("few", few), types: ["channel.*"] }]);
  const ann = await inRoom(it.port, "ann");
  const again = await inRoom(it.port, "ann");
  await expect.poll(() => all.told.length, soon).toBe(4);
  expect([...all.lines].sort()).toEqual([
    "channel.occupied public:a",
    "connection.opened ann",
    "connection.opened ann",
    "member.joined public:a ann",
  ]);
  // A page that is loaded again is another connection, and nobody who left.
  ann.disconnect();
  await expect.poll(() => all.lines.at(-1), soon).toBe("connection.closed ann");
  expect(all.told.at(-1)?.data).toMatchObject({ reason: "client", user: "ann" });
  again.disconnect();
  await expect.poll(() => all.told.length, soon).toBe(8);
  expect(all.lines.slice(5).sort()).toEqual([
    "channel.vacated public:a",
    "connection.closed ann",
    "member.left public:a ann",
  ]);
  await expect.poll(() => few.lines, soon).toEqual(["channel.occupied public:a", "channel.vacated public:a"]);
  expect(few.told.map(({ sequence }) => sequence)).toEqual([1, 2]);
}, 60_000);

it("what is given up is shown by the server API, and tried again at its word", async () => {
  const receiver = await Receiver.listening();
  receiver.answer = (response) => void response.writeHead(410).end();
  const it = await hooked([{ ...endpointAt("hook", receiver), types: ["order.*"] }]);
  await it.webhooks.tell({ type: "order.paid", id: "order_1", data: { sum: 42 } });
  await it.webhooks.tell({ type: "order.paid", id: "order_2", data: null });
  // The same once more.
  await it.webhooks.tell({ type: "order.paid", id: "order_2", data: null });
  await it.webhooks.tell({ type: "cart.left", id: "cart_1", data: null });
  await expect
    .poll(() => api(it, "webhooks"))
    .toEqual({
      endpoints: [
        {
          name: "hook",
          url: receiver.url,
          sequence: 2,
          waiting: 0,
          dead: 2,
          problem: "the answer was 410: it wants nothing more",
        },
      ],
    });
  const { deliveries } = (await api(it, "webhooks_dead", { limit: 1 })) as { deliveries: { place: number }[] };
  expect(deliveries).toMatchObject([
    {
      endpoint: "hook",
      id: "order_1",
      type: "order.paid",
      attempts: 1,
      reason: "gone",
      payload: { data: { sum: 42 } },
    },
  ]);
  expect(await api(it, "webhooks_dead", { after: deliveries[0]?.place, endpoint: "hook" })).toMatchObject({
    deliveries: [{ id: "order_2" }],
  });
  expect(await api(it, "webhooks_dead", { endpoint: "another" })).toEqual({ deliveries: [] });
  receiver.answer = (response) => void response.writeHead(200).end();
  expect(await api(it, "webhooks_replay", { endpoint: "hook", id: "order_1" })).toEqual({ replayed: 1 });
  await expect.poll(() => receiver.requests, soon).toBe(3);
  expect(await api(it, "webhooks_replay")).toEqual({ replayed: 1 });
  await expect
    .poll(() => api(it, "webhooks"), soon)
    .toMatchObject({ endpoints: [{ waiting: 0, dead: 0, problem: null }] });
  expect(await post(`${it.httpUrl}/api/webhooks_dead`, '{"limit":-1}', { "x-api-key": apiKey })).toMatchObject({
    body: { error: { code: 107 } },
  });
}, 60_000);

it("/metrics tells of each endpoint what was delivered, what failed, what waits and for how long, and no address", async () => {
  const [well, ill] = [await Receiver.listening(), await Receiver.listening()];
  ill.answer = (response, { headers }) => {
    const id = String(headers["webhook-id"]);
    response.writeHead(id === "order_1" ? 410 : 503).end();
  };
  const types = ["order.*"];
  const it = await hooked([
    { ...endpointAt("well", well), types },
    { ...endpointAt("ill", ill), types },
    { ...endpointAt("idle", well), types: ["cart.*"] },
  ]);
  const page = async (): Promise<string> =>
    String((await ask(`${it.httpUrl}/metrics`, { headers: { "x-api-key": apiKey } })).body);
  const figures = async (endpoint: string): Promise<Readonly<Record<string, number>>> => {
    const found = (await page()).matchAll(
      /^tidewire_webhook_(\w+)\{(?:le="([^"]+)",)?endpoint="(\w+)"(?:,outcome="(\w+)")?(?:,le="([^"]+)")?\} (\S+)$/gm,
    );
    const mine = [...found].filter(([, , , name]) => name === endpoint);
    return Object.fromEntries(
      mine.map(([, figure = "", first, , outcome, le = first, value]) => [
        [figure, outcome ?? le].filter((word) => word !== undefined).join(" "),
        Number(value),
      ]),
    );
  };
  expect(await figures("idle")).toMatchObject({ "attempts_total failed": 0, waiting: 0, oldest_waiting_seconds: 0 });
  for (const id of ["order_1", "order_2", "order_3"]) await it.webhooks.tell({ type: "order.paid", id, data: null });
  await expect.poll(() => figures("well"), soon).toMatchObject({ "deliveries_total delivered": 3 });
  await expect.poll(() => figures("ill"), soon).toMatchObject({ "attempts_total failed": 3 });
  expect(await figures("well")).toMatchObject({
    "deliveries_total dead": 0,
    "attempts_total delivered": 3,
    "attempts_total failed": 0,
    waiting: 0,
    oldest_waiting_seconds: 0,
    dead_letters: 0,
    "attempt_seconds_bucket +Inf": 3,
    attempt_seconds_count: 3,
  });
  const poor = await figures("ill");
  expect(poor).toMatchObject({
    "deliveries_total dead": 1,
    "deliveries_total delivered": 0,
    dead_letters: 1,
    waiting: 2,
  });
  expect(poor["oldest_waiting_seconds"]).toBeGreaterThan(0);
  expect(poor["attempt_seconds_sum"]).toBeGreaterThan(0);
  const text = await page();
  for (const hidden of [well.url, ill.url, "of=tidewire", secret.slice(6)]) expect(text).not.toContain(hidden);
}, 60_000);

it("ends of jobs are told before their owner is, and again where one of both could not be", async () => {
  const receiver = await Receiver.listening();
  const it = await hooked([{ ...endpointAt("hook", receiver), types: ["job.*"] }]);
  const published: string[] = [];
  let isAway = true;
  const publish = (id: string, event: JobEvent): Promise<void> => {
    if (isAway) return Promise.reject(new Error("away"));
    published.push(`${id} ${event.kind}`);
    return Promise.resolve();
  };
  const publisher = withWebhooks({ publish }, it.webhooks);
  const done: JobEvent = { kind: "done", run: 2, output: { bytes: 7 } };
  await expect(publisher.publish("j1", done, "k")).rejects.toThrow("away");
  isAway = false;
  await publisher.publish("j1", done, "k");
  await publisher.publish("j2", { kind: "failed", run: 1, reason: "internal", message: "no" }, "k");
  await publisher.publish("j2", { kind: "started", run: 2, attempt: 1 }, "k");
  await expect.poll(() => receiver.told.length, soon).toBe(2);
  expect(receiver.told.map(({ type, data }) => [type, data])).toEqual([
    ["job.done", { job: "j1", output: { bytes: 7 } }],
    ["job.failed", { job: "j2", reason: "internal", message: "no" }],
  ]);
  expect(published).toEqual(["j1 done", "j2 failed", "j2 started"]);
  await it.webhooks.close();
  // Neither is the owner told where nobody can know whether endpoints are.
  await expect(publisher.publish("j3", done, "k")).rejects.toThrow("open webhooks were expected");
  expect(published).toHaveLength(3);
}, 60_000);

it("kill -9 between event and delivery, three times: everything is delivered, at least once (W5)", async () => {
  const receiver = await Receiver.listening();
  const node = { port: await freePort(), file: temporaryFile(), hook: receiver.url };
  for (const user of ["ann", "ben", "cid"]) {
    // It takes what it is told and never says so.
    receiver.answer = () => undefined;
    const child = await hookNode(node);
    const client = await inRoom(node.port, user);
    await expect.poll(() => receiver.lines, soon).toContain(`member.joined public:a ${user}`);
    client.disconnect();
    await killed(child);
  }
  const accepted = new Set<unknown>();
  receiver.answer = (response, { headers }) => {
    accepted.add(headers["webhook-id"]);
    response.writeHead(200).end();
  };
  await hookNode(node);
  // Each of them once more, since nobody could know.
  await expect.poll(() => accepted, { timeout: 120_000 }).toEqual(new Set(receiver.received.map(({ id }) => id)));
  const numbers = receiver.told.map(({ sequence }) => sequence);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  for (const user of ["ann", "ben", "cid"]) {
    expect(receiver.lines.filter((line) => line === `connection.opened ${user}`)).toHaveLength(1);
    expect(receiver.lines.filter((line) => line === `member.joined public:a ${user}`)).toHaveLength(1);
  }
  expect(receiver.lines.filter((line) => line.startsWith("channel."))).toEqual(["channel.occupied public:a"]);
  expect(new Set(receiver.told.map(({ epoch }) => epoch)).size).toBe(1);
}, 180_000);

async function toldOnceByTwo(store: string): Promise<void> {
  const receiver = await Receiver.listening();
  const file = temporaryFile();
  const [one, two] = [await freePort(), await freePort()];
  const first = await hookNode({ port: one, file, hook: receiver.url, store });
  await inRoom(one, "ann");
  await expect.poll(() => receiver.told.length, soon).toBe(3);
  await hookNode({ port: two, file, hook: receiver.url, store });
  await inRoom(two, "ann");
  const ben = await inRoom(two, "ben");
  await expect.poll(() => receiver.lines, soon).toContain("member.joined public:a ben");
  ben.disconnect();
  await expect.poll(() => receiver.lines, soon).toContain("member.left public:a ben");
  expect(receiver.lines.filter((line) => /^(channel|member)/.test(line))).toEqual([
    "channel.occupied public:a",
    "member.joined public:a ann",
    "member.joined public:a ben",
    "member.left public:a ben",
  ]);
  await killed(first);
  await inRoom(two, "cid");
  await expect.poll(() => receiver.lines, soon).toContain("member.joined public:a cid");
  expect(receiver.lines.filter((line) => line.startsWith("channel"))).toEqual(["channel.occupied public:a"]);
  const numbers = receiver.told.map(({ sequence }) => sequence);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
}

it("two nodes on one Redis: what happens on either is told once, and by the other when one is killed (W6)", async (context) => {
  await toldOnceByTwo((await RedisServer.forTest(context)).url);
}, 180_000);

it("two nodes on one NATS: what happens on either is told once, and by the other when one is killed (W6)", async (context) => {
  await toldOnceByTwo((await NatsServer.forTest(context)).url);
}, 180_000);

it("two machines on one Redis: what was so on the one that is killed has ended, says the other, once (W7)", async (context) => {
  const { url: store } = await RedisServer.forTest(context);
  const [first, second] = [await Receiver.listening(), await Receiver.listening()];
  const [one, two] = [await freePort(), await freePort()];
  // It tells, and what it remembers is on its own disk.
  const killedOne = await hookNode({ port: one, file: temporaryFile(), hook: first.url, store });
  const ann = await inRoom(one, "ann");
  await listening(ann, "public:alone");
  await expect.poll(() => first.lines, soon).toContain("member.joined public:alone ann");
  await hookNode({ port: two, file: temporaryFile(), hook: second.url, store });
  await inRoom(two, "ben");
  await expect.poll(() => first.lines, soon).toContain("member.joined public:a ben");
  // A look later the other one knows that this was taken.
  await inRoom(two, "cid");
  await expect.poll(() => first.lines, soon).toContain("member.joined public:a cid");
  await killed(killedOne);
  const ended = ["channel.vacated public:alone", "connection.closed ann", "member.left public:a ann"];
  ended.push("member.left public:alone ann");
  const told = (): readonly string[] => second.lines.filter((line) => !/ (ben|cid)$/.test(line));
  await expect.poll(() => [...told()].sort(), { timeout: 90_000 }).toEqual(ended);
  expect(second.told.find(({ type }) => type === "connection.closed")?.data["reason"]).toBe("node_lost");
  // It goes on, and nothing is told twice: of those who are still there, nothing at all but what was under way.
  const repeated = second.received.filter(({ id }) => !first.received.some((other) => other.id === id));
  expect(repeated.map(({ told: { type } }) => type).sort()).toEqual(ended.map((line) => line.split(" ")[0]));
  await inRoom(two, "dan");
  await expect.poll(() => second.lines, soon).toContain("member.joined public:a dan");
}, 180_000);

/** Which sessions are connected, for whoever believes what it was told. */
function connected(told: readonly Told[]): ReadonlySet<unknown> {
  const sessions = new Set<unknown>();
  for (const { type, data } of told) {
    if (type === "connection.opened") sessions.add(data["session"]);
    if (type === "connection.closed") sessions.delete(data["session"]);
  }
  return sessions;
}

it("a node that stood still until it was given up is told of as it is when it goes on (W7)", async (context) => {
  const { url: store } = await RedisServer.forTest(context);
  const [first, second] = [await Receiver.listening(), await Receiver.listening()];
  const [one, two] = [await freePort(), await freePort()];
  const stopped = await hookNode({ port: one, file: temporaryFile(), hook: first.url, store });
  const ann = await inRoom(one, "ann");
  const sessions = new Map<string, string>();
  ann.on("connected", ({ client }) => void sessions.set("ann", client));
  await expect.poll(() => first.lines, soon).toContain("member.joined public:a ann");
  await hookNode({ port: two, file: temporaryFile(), hook: second.url, store });
  const ben = await inRoom(two, "ben");
  await expect.poll(() => first.lines, soon).toContain("member.joined public:a ben");
  stopped.kill("SIGSTOP");
  await expect.poll(() => second.lines, { timeout: 90_000 }).toContain("connection.closed ann");
  const lost = second.lines.length;
  stopped.kill("SIGCONT");
  // As the same session, or as another one where its client has given up meanwhile.
  const told = (): readonly Told[] => [...first.told, ...second.told];
  await expect.poll(() => second.lines.slice(lost), soon).toContain("connection.opened ann");
  await expect.poll(() => second.lines.slice(lost), soon).toContain("member.joined public:a ann");
  const isRight = (): boolean =>
    connected(told()).size === 2 && ann.state === State.Connected && ben.state === State.Connected;
  await expect.poll(isRight, soon).toBe(true);
  const now = sessions.get("ann");
  if (now !== undefined) expect(connected(told())).toContain(now);
}, 180_000);
