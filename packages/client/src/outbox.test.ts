// The outbox: what is kept, sent once and in order, over reloads and in several tabs; and what is said of the rest.
import type { TidewireError } from "@tidewire/protocol";
import { afterEach, describe, expect, test } from "vitest";
import type { Answer, Json } from "../test/scripted-server.ts";
import { Disk } from "../test/shared-storage.ts";
import { connected, holds, reaches, setStage, type Stage } from "../test/stage.ts";
import { createClient } from "./index.ts";
import { openOutbox, type Outbox, type OutboxEntry, type OutboxOptions } from "./outbox.ts";

const opened: Outbox[] = [];

afterEach(() => {
  for (const outbox of opened.splice(0)) outbox.close();
});

function open({ client, clock }: Pick<Stage, "client" | "clock">, options: Partial<OutboxOptions> = {}): Outbox {
  clock.paints = true;
  const outbox = openOutbox({ client, clock, user: "ada", random: Math.random, ...options });
  opened.push(outbox);
  return outbox;
}

/** Resolves when the outbox shows what `read` finds. */
const shows = async <Value>(outbox: Outbox, read: (entries: readonly OutboxEntry[]) => Value | null): Promise<Value> =>
  await holds(outbox.subscribe, () => read(outbox.getSnapshot().entries));

const states = (entries: readonly OutboxEntry[]): string => entries.map(({ state }) => state.kind).join(" ");

const stands = async (outbox: Outbox, wanted: string): Promise<void> =>
  void (await shows(outbox, (entries) => (states(entries) === wanted ? wanted : null)));

const published = ({ server }: Stage): readonly Json[] =>
  server
    .all("rpc")
    .filter(({ method }) => method === "tide.publish")
    .map(({ data }) => data as Json);

const dataOf = (stage: Stage): readonly unknown[] => published(stage).map(({ data }) => data);

/** Answers publishes alone. */
function publishesAre(stage: Stage, answer: (data: Json) => Answer): void {
  stage.server.script = (method, params) =>
    method === "rpc" && params["method"] === "tide.publish" ? answer(params["data"] as Json) : undefined;
}

const refused = (code: number, temporary = false): Answer => ({ error: { code, message: "no", temporary } });

const errorOf = ({ state }: OutboxEntry | undefined = {} as OutboxEntry): TidewireError => {
  if (state?.kind !== "failed") expect.unreachable(`it did not fail: ${state?.kind}`);
  return state.error;
};

/** The page goes as if its process were killed, and another one of the same user comes. */
async function reload(stage: Stage, outbox: Outbox): Promise<Stage> {
  outbox.close();
  stage.client.close();
  const { server, clock, page, errors } = stage;
  const client = createClient({ url: server.url, clock, page, random: () => 0.5 });
  return { server, clock, page, client, errors };
}

describe("what is published without a connection", () => {
  test("is sent in order when there is one, each with a key of its own, and goes a minute later", async () => {
    const stage = await setStage();
    const disk = new Disk();
    const outbox = open(stage, { storage: disk.open });
    const channel = stage.client.channel("news");
    for (const text of ["one", "two", "three"]) await outbox.publish(channel, text);
    await stands(outbox, "queued queued queued");
    expect(outbox.getSnapshot().storage).toBe("lasting");
    expect(published(stage)).toEqual([]);
    await connected(stage);
    await stands(outbox, "sent sent sent");
    expect(dataOf(stage)).toEqual(["one", "two", "three"]);
    expect(new Set(published(stage).map(({ key }) => key)).size).toBe(3);
    const [first] = outbox.getSnapshot().entries;
    expect(first?.state).toMatchObject({ kind: "sent", position: { epoch: "e1" } });
    stage.clock.advance(62_000);
    await stands(outbox, "");
    expect(disk.entries.size).toBe(0);
  });

  test("does not settle how its channel is subscribed to", async () => {
    const stage = await setStage();
    const disk = new Disk();
    const outbox = open(stage, { storage: disk.open });
    await outbox.publish(stage.client.channel("news", { presence: true, mode: "signal" }), 1);
    const next = await reload(stage, outbox);
    const again = open(next, { storage: disk.open });
    await connected(next);
    await stands(again, "sent");
    next.client.channel("news").open();
    expect(await next.server.hears("subscribe")).toMatchObject({ channel: "news", join_leave: true });
    next.client.close();
  });

  test("is what it was when publish was called", async () => {
    const stage = await setStage();
    const outbox = open(stage, { storage: new Disk().open });
    const draft = { text: "before" };
    const kept = outbox.publish(stage.client.channel("news"), draft);
    draft.text = "after";
    expect((await kept).data).toEqual({ text: "before" });
  });
});

describe("an attempt that is not answered", () => {
  test("is repeated with its key by the page that comes after a reload", async () => {
    const stage = await connected(await setStage());
    const disk = new Disk();
    const outbox = open(stage, { storage: disk.open });
    publishesAre(stage, () => "hang");
    await outbox.publish(stage.client.channel("news"), "one");
    await stage.server.hears("rpc");
    await stands(outbox, "sending");
    const next = await reload(stage, outbox);
    stage.clock.advance(200_000);
    publishesAre(stage, () => ({ rpc: { data: { epoch: "e1", offset: 7, duplicate: true } } }));
    const again = open(next, { storage: disk.open });
    await stands(again, "sending");
    await connected(next);
    await stands(again, "sent");
    const [first, second] = published(stage);
    expect(second).toEqual(first);
    expect(again.getSnapshot().entries[0]?.state).toEqual({ kind: "sent", position: { epoch: "e1", offset: 7 } });
    next.client.close();
  });

  test("is not sent blindly when the server has forgotten its key; what was never tried is", async () => {
    const stage = await connected(await setStage());
    const disk = new Disk();
    const outbox = open(stage, { storage: disk.open });
    publishesAre(stage, () => "hang");
    const channel = stage.client.channel("news");
    await outbox.publish(channel, "tried");
    await outbox.publish(channel, "not tried");
    await stage.server.hears("rpc");
    const next = await reload(stage, outbox);
    stage.clock.advance(241_000);
    publishesAre(stage, () => undefined);
    const again = open(next, { storage: disk.open });
    await stands(again, "failed queued");
    expect(errorOf(again.getSnapshot().entries[0]).reason).toBe("indeterminate");
    await connected(next);
    await stands(again, "failed sent");
    expect(dataOf(stage)).toEqual(["tried", "not tried"]);
    next.client.close();
  });

  test("fails as indeterminate after four minutes, and when the clock was set back by an hour", async () => {
    for (const pass of [
      ({ clock }: Stage) => clock.advance(242_000),
      ({ clock }: Stage) => void (clock.wallAheadMs -= 3_600_000),
    ]) {
      const stage = await connected(await setStage());
      const disk = new Disk();
      const outbox = open(stage, { storage: disk.open });
      publishesAre(stage, () => "hang");
      await outbox.publish(stage.client.channel("news"), 1);
      await stage.server.hears("rpc");
      await stands(outbox, "sending");
      const next = await reload(stage, outbox);
      pass(stage);
      const again = open(next, { storage: disk.open });
      await stands(again, "failed");
      expect(errorOf(again.getSnapshot().entries[0]).reason).toBe("indeterminate");
      expect(published(stage)).toHaveLength(1);
    }
  });

  test("is indeterminate when its repetition is refused, since that says nothing of the first", async () => {
    const stage = await connected(await setStage());
    const disk = new Disk();
    const outbox = open(stage, { storage: disk.open });
    publishesAre(stage, () => "hang");
    await outbox.publish(stage.client.channel("news"), 1);
    await stage.server.hears("rpc");
    const next = await reload(stage, outbox);
    publishesAre(stage, () => refused(103));
    const again = open(next, { storage: disk.open });
    await connected(next);
    await stands(again, "failed");
    expect(errorOf(again.getSnapshot().entries[0])).toMatchObject({ reason: "indeterminate" });
    next.client.close();
  });
});

describe("a publish that is refused", () => {
  test("for good has failed, is not in the way of the next, and can be tried anew or taken out", async () => {
    const stage = await connected(await setStage());
    const outbox = open(stage, { storage: new Disk().open });
    publishesAre(stage, ({ data }) => (data === "bad" ? refused(103) : undefined));
    const channel = stage.client.channel("news");
    const { id } = await outbox.publish(channel, "bad");
    const other = await outbox.publish(channel, "bad");
    await outbox.publish(channel, "good");
    await stands(outbox, "failed failed sent");
    expect(errorOf(outbox.getSnapshot().entries[0]).reason).toBe("denied");
    publishesAre(stage, () => undefined);
    expect(await outbox.retry(id)).toBe(true);
    expect(await outbox.retry(id)).toBe(false);
    await stands(outbox, "sent failed sent");
    expect(await outbox.remove(other.id)).toBe(true);
    await stands(outbox, "sent sent");
    const keys = published(stage).map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("for a time is tried again before what comes behind it, and keeps no other channel waiting", async () => {
    const stage = await connected(await setStage());
    const outbox = open(stage, { storage: new Disk().open });
    let refusals = 2;
    publishesAre(stage, ({ data }) => (data === "a1" && refusals-- > 0 ? refused(503, true) : undefined));
    const [a, b] = [stage.client.channel("a"), stage.client.channel("b")];
    await outbox.publish(a, "a1");
    await outbox.publish(a, "a2");
    await outbox.publish(b, "b1");
    await stands(outbox, "queued queued sent");
    for (const attempts of [1, 2]) {
      await stage.server.until(() => dataOf(stage).filter((data) => data === "a1").length === attempts);
      // The refusal has to be taken in before the wait begins that it causes; a pending attempt has ten seconds.
      while ((stage.clock.nextMs ?? 0) > 2_000) await new Promise<void>((resolve) => void setImmediate(resolve));
      stage.clock.advance(2_000);
    }
    await stands(outbox, "sent sent sent");
    expect(dataOf(stage).filter((data) => String(data).startsWith("a"))).toEqual(["a1", "a1", "a1", "a2"]);
  });
});

describe("what is kept", () => {
  test("has limits, and each says so", async () => {
    const stage = await setStage();
    const outbox = open(stage, { storage: new Disk().open, maxEntries: 3, maxBytes: 200, maxAgeMs: 3_600_000 });
    const channel = stage.client.channel("news");
    const thrown = async (data: unknown): Promise<unknown> =>
      await outbox.publish(channel, data).then(
        () => null,
        (error: unknown) => (error instanceof TypeError ? "TypeError" : (error as TidewireError).reason),
      );
    expect(await thrown("x".repeat(65_000))).toBe("too_large");
    expect(await thrown("ä".repeat(100))).toBe("overloaded");
    expect(await thrown(undefined)).toBe("TypeError");
    expect([await thrown(1), await thrown(2), await thrown(3), await thrown(4)]).toEqual([
      null,
      null,
      null,
      "overloaded",
    ]);
    stage.clock.advance(3_602_000);
    await stands(outbox, "failed failed failed");
    expect(errorOf(outbox.getSnapshot().entries[0]).reason).toBe("expired");
  });

  test("is one user's, and never sent as another or over the connection of another", async () => {
    const stage = await setStage();
    const disk = new Disk();
    const adas = open(stage, { storage: disk.open });
    await adas.publish(stage.client.channel("news"), "ada's");
    const next = await reload(stage, adas);
    stage.server.greeting = { data: { user: "bob" } };
    const userOf = (data: unknown): string => (data as { user: string }).user;
    const bobs = open(next, { storage: disk.open, user: "bob", userOf });
    const wrong = open(next, { storage: disk.open, user: "ada", userOf });
    await stands(wrong, "queued");
    await connected(next);
    await bobs.publish(next.client.channel("news"), "bob's");
    await stands(bobs, "sent");
    expect(dataOf(stage)).toEqual(["bob's"]);
    expect(states(wrong.getSnapshot().entries)).toBe("queued");
    next.client.close();
  });

  test("is in memory where nothing else can be had, and the snapshot says so", async () => {
    const stage = await connected(await setStage());
    // Node has no IndexedDB.
    const outbox = open(stage);
    await outbox.publish(stage.client.channel("news"), 1);
    await stands(outbox, "sent");
    expect(outbox.getSnapshot().storage).toBe("memory");
  });

  test("is not what storage refused: publish says so, and the next is kept", async () => {
    const stage = await setStage();
    const disk = new Disk();
    const outbox = open(stage, { storage: disk.open });
    await holds(outbox.subscribe, () => (outbox.getSnapshot().storage === "lasting" ? true : null));
    disk.failure = new Error("the disk is full");
    await expect(outbox.publish(stage.client.channel("news"), 1)).rejects.toThrow("the disk is full");
    await outbox.publish(stage.client.channel("news"), 2);
    await stands(outbox, "queued");
  });

  test("belongs to somebody", () => {
    expect(() => openOutbox({ client: createClient({ url: "ws://127.0.0.1:1" }), user: "" })).toThrow(TypeError);
  });
});

describe("several tabs", () => {
  test("send what all of them keep, each once and in order, and show it alike", async () => {
    const stage = await setStage();
    const disk = new Disk();
    const { server, clock, page } = stage;
    const otherClient = createClient({ url: server.url, clock, page, random: () => 0.5 });
    const one = open(stage, { storage: disk.open });
    const other = open({ client: otherClient, clock }, { storage: disk.open });
    for (let count = 1; count <= 10; count += 1) {
      const [outbox, client] = count % 2 === 0 ? [one, stage.client] : [other, otherClient];
      await outbox.publish(client.channel("news"), count);
    }
    stage.client.connect();
    otherClient.connect();
    const all = Array.from({ length: 10 }, () => "sent").join(" ");
    await Promise.all([stands(one, all), stands(other, all)]);
    expect(dataOf(stage)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    otherClient.close();
  });

  test("without a connection of its own one leaves it to another, which goes on where it died", async () => {
    const stage = await setStage();
    const disk = new Disk();
    const { server, clock, page } = stage;
    const otherClient = createClient({ url: server.url, clock, page, random: () => 0.5 });
    const offline = open(stage, { storage: disk.open });
    const online = open({ client: otherClient, clock }, { storage: disk.open });
    otherClient.connect();
    await reaches(otherClient, "connected");
    await offline.publish(stage.client.channel("news"), 1);
    await stands(offline, "sent");
    publishesAre(stage, () => "hang");
    await offline.publish(stage.client.channel("news"), 2);
    await server.until(() => published(stage).length === 2);
    await connected(stage);
    publishesAre(stage, () => undefined);
    online.close();
    otherClient.close();
    clock.advance(20_000);
    await stands(offline, "sent sent");
    const [, first, second] = published(stage);
    expect(second).toEqual(first);
  });
});
