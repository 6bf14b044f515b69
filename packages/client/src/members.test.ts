// The list of members against a server on a real port: loading, following, and what it says when it cannot.
import { describe, expect, test } from "vitest";
import type { Json } from "../test/scripted-server.ts";
import { connected, holds, quiet, reaches, setStage, type Stage } from "../test/stage.ts";
import type { Channel } from "./index.ts";
import { type Members, membersOf } from "./members.ts";

function info(session: string): Json {
  return { client: session, user: `user of ${session}` };
}

function list(...sessions: readonly string[]): Json {
  return { presence: { presence: Object.fromEntries(sessions.map((session) => [session, info(session)])) } };
}

interface Watch {
  readonly channel: Channel;
  readonly sessions: () => readonly string[];
  readonly shows: (status: Members["status"]) => Promise<Members>;
  readonly stop: () => void;
}

function watch({ client }: Stage): Watch {
  const channel = client.channel("room", { presence: true });
  const members = membersOf(channel);
  return {
    channel,
    stop: members.subscribe(() => undefined),
    sessions: () => members.getSnapshot().members.map(({ session }) => session),
    shows: (status) =>
      holds(members.subscribe, () => (members.getSnapshot().status === status ? members.getSnapshot() : null)),
  };
}

async function painted(): Promise<Stage> {
  const stage = await setStage();
  stage.clock.paints = true;
  return stage;
}

/** Everything on its way has arrived and was drawn. */
async function drawn(stage: Stage): Promise<void> {
  await quiet(stage);
  await new Promise((resolve) => setImmediate(resolve));
}

test("is loaded when somebody watches, and follows joins and leaves", async () => {
  const stage = await painted();
  stage.server.script = (method) => (method === "presence" ? list("a", "b") : undefined);
  const { channel, sessions, shows, stop } = watch(stage);
  expect(membersOf(channel).getSnapshot()).toEqual({ members: [], count: 0, status: "loading", error: null });
  await connected(stage);
  expect(await shows("ready")).toMatchObject({ count: 2, error: null });
  expect(stage.server.all("subscribe")[0]).toMatchObject({ join_leave: true });
  stage.server.link.push("room", { join: { info: info("c") } });
  stage.server.link.push("room", { join: { info: info("c") } });
  stage.server.link.push("room", { leave: { info: info("a") } });
  stage.server.link.push("room", { leave: { info: info("nobody") } });
  await drawn(stage);
  expect(sessions()).toEqual(["b", "c"]);
  stop();
  stage.clock.advance(50);
  expect(channel.status.kind).toBe("closed");
  expect(membersOf(channel).getSnapshot().status).toBe("stale");
});

test("a list that would come in a pause is asked for after it: nobody tells who left that list meanwhile", async () => {
  const stage = await painted();
  stage.server.script = (method) => (method === "presence" ? list("a") : undefined);
  const { channel, sessions, shows } = watch(stage);
  channel.pause();
  await connected(stage);
  await drawn(stage);
  expect([stage.server.all("presence").length, channel.status.kind]).toEqual([0, "paused"]);
  stage.server.script = (method) => (method === "presence" ? "hang" : undefined);
  channel.resume();
  await stage.server.hears("presence", 1);
  channel.pause();
  stage.server.script = (method) => (method === "presence" ? list("b") : undefined);
  channel.resume();
  await shows("ready");
  expect([stage.server.all("presence").length, sessions()]).toEqual([2, ["b"]]);
  channel.pause();
  channel.resume();
  await drawn(stage);
  expect(stage.server.all("presence").length).toBe(2);
});

test("changes that overtake the list are not lost", async () => {
  const stage = await painted();
  stage.server.script = (method, _params, link) => {
    if (method !== "presence") return undefined;
    link.push("room", { join: { info: info("c") } });
    link.push("room", { leave: { info: info("a") } });
    return list("a", "b");
  };
  const { sessions, shows } = watch(stage);
  await connected(stage);
  await shows("ready");
  expect(sessions()).toEqual(["b", "c"]);
});

test("one render a frame, however many come and go", async () => {
  const stage = await painted();
  stage.server.script = (method) => (method === "presence" ? list() : undefined);
  const { channel, sessions, shows } = watch(stage);
  await connected(stage);
  await shows("ready");
  stage.clock.paints = false;
  let renders = 0;
  membersOf(channel).subscribe(() => renders++);
  for (let number = 0; number < 100; number++) stage.server.link.push("room", { join: { info: info(`s${number}`) } });
  await quiet(stage);
  expect(sessions()).toHaveLength(0);
  stage.clock.advance(16);
  expect(sessions()).toHaveLength(100);
  expect(renders).toBe(1);
});

test("is shown as it was while the connection is away, and loaded anew afterwards", async () => {
  const stage = await painted();
  let present = ["a", "b"];
  stage.server.script = (method) => (method === "presence" ? list(...present) : undefined);
  const { sessions, shows } = watch(stage);
  await connected(stage);
  await shows("ready");
  stage.server.link.cut();
  await reaches(stage.client, "waiting");
  expect(sessions()).toEqual(["a", "b"]);
  expect((await shows("stale")).count).toBe(2);
  present = ["b", "d"];
  stage.clock.advance(750);
  await shows("ready");
  expect(sessions()).toEqual(["b", "d"]);
});

describe("what cannot be shown", () => {
  test("too many members are counted", async () => {
    const stage = await painted();
    stage.server.script = (method) => {
      if (method === "presence") return { error: { code: 106, message: "limit exceeded" } };
      return method === "presence_stats" ? { presence_stats: { num_clients: 5_000, num_users: 4_000 } } : undefined;
    };
    const { shows } = watch(stage);
    await connected(stage);
    expect(await shows("ready")).toMatchObject({ members: [], count: 5_000, error: { reason: "limit_exceeded" } });
  });

  test("a crowd is counted, and listed again once somebody is told to have come or left", async () => {
    const stage = await painted();
    stage.server.script = (method) => (method === "presence" ? list("a", "b") : undefined);
    const { channel, sessions, shows } = watch(stage);
    await connected(stage);
    await shows("ready");
    for (const clients of [1_001, 1_200]) stage.server.link.push("room", { members: { clients, users: 900 } });
    await drawn(stage);
    expect(membersOf(channel).getSnapshot()).toMatchObject({
      members: [],
      count: 1_200,
      status: "ready",
      error: { reason: "limit_exceeded" },
    });
    stage.server.link.push("room", { leave: { info: info("b") } });
    stage.server.link.push("room", { join: { info: info("d") } });
    await stage.server.hears("presence");
    await drawn(stage);
    expect(sessions()).toEqual(["a", "d"]);
    expect(membersOf(channel).getSnapshot()).toMatchObject({ count: 2, error: null });
  });

  test("a crowd that is over is listed again, though nobody came or left in sum; whoever has a list keeps it", async () => {
    const stage = await painted();
    stage.server.script = (method) => (method === "presence" ? list("a", "b") : undefined);
    const { sessions, shows } = watch(stage);
    await connected(stage);
    await shows("ready");
    stage.server.link.push("room", { members: { clients: 2, users: 2, listed: true } });
    await drawn(stage);
    expect([sessions(), stage.server.all("presence").length]).toEqual([["a", "b"], 1]);
    stage.server.link.push("room", { members: { clients: 1_001, users: 900 } });
    await drawn(stage);
    expect(sessions()).toEqual([]);
    stage.server.link.push("room", { members: { clients: 1_000, users: 900, listed: true } });
    await stage.server.hears("presence");
    await drawn(stage);
    expect([sessions(), stage.server.all("presence").length]).toEqual([["a", "b"], 2]);
  });

  test("a crowd that is over before its refusal is read is listed all the same", async () => {
    const stage = await painted();
    let refusals = 1;
    stage.server.script = (method) => {
      if (method !== "presence") return undefined;
      return (refusals -= 1) >= 0 ? "hang" : list("a", "b");
    };
    const { sessions } = watch(stage);
    await connected(stage);
    await stage.server.hears("presence");
    const { id } = stage.server.heard.find(({ method }) => method === "presence") ?? { id: 0 };
    stage.server.link.send(
      { id, error: { code: 106, message: "limit exceeded" } },
      { push: { channel: "room", members: { clients: 2, users: 2, listed: true } } },
    );
    await stage.server.hears("presence", 2);
    await drawn(stage);
    expect(sessions()).toEqual(["a", "b"]);
  });

  test("a list that could not be had for now is asked for again", async () => {
    const stage = await painted();
    let failures = 2;
    stage.server.script = (method) => {
      if (method !== "presence") return undefined;
      return (failures -= 1) >= 0 ? { error: { code: 100, message: "internal", temporary: true } } : list("a");
    };
    const { sessions, shows } = watch(stage);
    await connected(stage);
    for (const asked of [2, 3]) {
      await shows("refused");
      stage.clock.advance(2_000);
      await stage.server.hears("presence", asked);
      await quiet(stage);
    }
    await drawn(stage);
    expect(sessions()).toEqual(["a"]);
  });

  test("a refusal is told, whether of the list or of the channel", async () => {
    const stage = await painted();
    stage.server.script = (method) =>
      method === "presence" ? { error: { code: 108, message: "not available" } } : undefined;
    const first = watch(stage);
    await connected(stage);
    expect(await first.shows("refused")).toMatchObject({ error: { reason: "not_available" } });
    first.stop();
    stage.clock.advance(50);
    stage.server.script = (method) => (method === "subscribe" ? { error: { code: 103, message: "no" } } : undefined);
    const second = watch(stage);
    await holds(second.channel.onState, () => (second.channel.status.kind === "refused" ? true : null));
    await drawn(stage);
    expect(membersOf(second.channel).getSnapshot()).toMatchObject({ status: "refused", error: { reason: "denied" } });
  });
});
