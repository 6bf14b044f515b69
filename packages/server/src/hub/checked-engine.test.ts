// Engines that answer what cannot be: nobody crashes, nobody is told a lie, and other channels notice nothing.
import { defineChannel, type Position, TidewireError } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import type { Ack, Page, Publication } from "../engine/engine.ts";
import type { Log, LogFields } from "../ports/log.ts";
import { FakeNode } from "../testing/fake-node.ts";
import { type Mangle, MangledEngine, type Method } from "../testing/mangled-engine.ts";
import { ScriptedEngine } from "../testing/scripted-engine.ts";
import { plainEncoder, TestReader } from "../testing/test-reader.ts";
import type { Seen } from "./recovery.ts";

const history = { size: 100_000, ttlMs: 600_000 };
const stream = defineChannel("s", { history });
const other = defineChannel("o", { history });
const table = defineChannel("t", { mode: "latest", key: String, history: { ttlMs: 60_000 } });

const body = { data: Buffer.from("x"), form: "text" } as const;

class Trial {
  readonly inner = new ScriptedEngine();
  readonly engine = new MangledEngine(this.inner);
  readonly errors: LogFields[] = [];
  readonly node: FakeNode;

  constructor() {
    const none = (): void => undefined;
    const log: Log = { debug: none, info: none, warn: none, error: (_, fields = {}) => void this.errors.push(fields) };
    const limits = { tailBytes: 2_500, lingerMs: 1_000, historyReads: 4 };
    this.node = new FakeNode({ channels: [stream, other, table], engine: this.engine, limits, log });
  }

  static async begin(): Promise<Trial> {
    const trial = new Trial();
    await trial.node.hub.start();
    return trial;
  }

  get bad(): number {
    return this.node.metrics.get("engine_bad_answers");
  }

  async join(channel = "s", seen: Seen | null = null): Promise<TestReader> {
    const reader = new TestReader();
    const options = { subscriber: reader, encoder: plainEncoder, seen, member: null, wantsMembers: false };
    const subscription = await this.node.hub.subscribe(channel, options);
    reader.begin(subscription.cursor, subscription.position);
    reader.recovered = subscription.recovered;
    subscription.release();
    return reader;
  }

  say(count = 1, channel = "s"): Publication[] {
    return Array.from({ length: count }, () => this.inner.append(channel, body));
  }

  /** Says one that nobody hears of, so that history has to be read for what follows it. */
  sayUnheard(channel = "s"): Publication {
    this.inner.isDirected = true;
    const publication = this.inner.append(channel, body);
    this.inner.isDirected = false;
    this.inner.pending.length = 0;
    return publication;
  }

  async told(reader: TestReader): Promise<string[]> {
    for (let quiet = 0; quiet < 3;) {
      await this.node.settle();
      quiet = reader.outbox.length === 0 ? quiet + 1 : 0;
      reader.pull(65_536);
    }
    return reader.said.map((one) => (one.kind === "gap" ? `gap to ${one.to.offset}` : one.id));
  }
}

const idsOf = (publications: readonly Publication[]): string[] => publications.map(({ id }) => id);

const hostile = {
  toString: (): string => {
    throw new Error("toString");
  },
  get message(): string {
    throw new Error("message");
  },
};

/** Answers that are none, of whatever was asked. */
const noAnswers: Record<string, Mangle> = {
  undefined: () => undefined,
  null: () => null,
  "a string": () => "page",
  "an object without anything": () => ({}),
  "an object that cannot be written": () => hostile,
};

const errors: Record<string, unknown> = {
  undefined,
  "a string": "no",
  "an error that is not ours": new Error("disk"),
  "an error that knows nothing either": new TidewireError("internal"),
  "an object that cannot be written": hostile,
  "an object without a kind": new Proxy(hostile, {
    getPrototypeOf: () => {
      throw new Error("kind");
    },
  }),
};

const first = (page: Page, change: object): unknown => ({
  ...page,
  publications: page.publications.map((one, index) => (index === 0 ? { ...one, ...change } : one)),
});

/** Pages that are none; each keeps what is around it as it was. */
const badPages: Record<string, Mangle> = {
  ...noAnswers,
  "an offset below 0": (page: Page) => first(page, { offset: -1 }),
  "half an offset": (page: Page) => first(page, { offset: 2.5 }),
  "an offset that is no number": (page: Page) => first(page, { offset: NaN }),
  "an offset in text": (page: Page) => first(page, { offset: "2" }),
  "an offset beyond numbers": (page: Page) => first(page, { offset: 2 ** 53 }),
  "one twice": (page: Page) => ({ ...page, publications: page.publications.flatMap((one) => [one, one]) }),
  "out of order": (page: Page) => ({ ...page, publications: page.publications.toReversed() }),
  "a hole": (page: Page) => ({ ...page, publications: page.publications.filter((_, index) => index !== 1) }),
  "the end missing": (page: Page) => ({ ...page, publications: page.publications.slice(0, -1) }),
  "more, and nothing of it": (page: Page) => ({ ...page, publications: [], more: true }),
  "larger than asked": (page: Page) => {
    const publications = Array.from({ length: 1_001 }, (_, at) => ({ ...page.publications[0], offset: 2 + at }));
    return { ...page, publications, top: { ...page.top, offset: 5_000 } };
  },
};

describe("a hole in the news, and pages that are none", () => {
  it.each(Object.keys(badPages))("%s, once: read again, nothing is missing", async (name) => {
    const trial = await Trial.begin();
    const [reader, beside] = [await trial.join(), await trial.join("o")];
    const lost = [trial.sayUnheard(), trial.sayUnheard()];
    trial.engine.answers.read = (page, channel) => {
      delete trial.engine.answers.read;
      return badPages[name]?.(page, channel);
    };
    const heard = trial.say(2);
    const aside = trial.say(3, "o");
    expect(await trial.told(reader)).toEqual(idsOf([...lost, ...heard]));
    expect(await trial.told(beside)).toEqual(idsOf(aside));
    expect(trial.bad).toBe(1);
    expect(trial.errors).toEqual([expect.objectContaining({ engine: "scripted", method: "read" })]);
  });

  it.each(Object.keys(badPages))("%s, for good: a gap before anything newer, said once", async (name) => {
    const trial = await Trial.begin();
    const [reader, beside] = [await trial.join(), await trial.join("o")];
    trial.sayUnheard();
    trial.sayUnheard();
    trial.engine.answers.read = (page, channel) => badPages[name]?.(page, channel);
    trial.say(2);
    const aside = trial.say(3, "o");
    expect(await trial.told(reader)).toEqual(["gap to 4"]);
    const newer = trial.say(2);
    expect(await trial.told(reader)).toEqual(["gap to 4", ...idsOf(newer)]);
    expect(await trial.told(beside)).toEqual(idsOf(aside));
    expect(trial.bad).toBeGreaterThanOrEqual(3);
    expect(trial.errors).toHaveLength(1);
  });

  it("a reader far behind is told of a gap too, and one whose engine cannot answer waits for it", async () => {
    const trial = await Trial.begin();
    const reader = await trial.join();
    const behind = await trial.join();
    const all = trial.say(40);
    // The tail holds some ten of them.
    trial.engine.answers.read = (page: Page) => ({ ...page, publications: page.publications.toReversed() });
    expect(await trial.told(reader)).toEqual(["gap to 40"]);
    trial.engine.answers.read = () => Promise.reject(new Error("not now"));
    await trial.told(behind);
    expect(behind.said).toEqual([]);
    delete trial.engine.answers.read;
    await trial.node.pass(2_000);
    expect(await trial.told(behind)).toEqual(idsOf(all));
  });

  it("a page of another channel, which does not link, is a gap and nothing of it is told", async () => {
    const trial = await Trial.begin();
    trial.say(3, "o");
    trial.say(1);
    const reader = await trial.join();
    const [known] = trial.say(1);
    trial.sayUnheard();
    const foreign = trial.inner.kept("o");
    trial.engine.answers.read = (page: Page) => ({ ...page, publications: foreign.slice(2), top: { ...page.top, offset: 3 } });
    trial.say(1);
    const told = await trial.told(reader);
    expect(told.slice(0, 2)).toEqual([known?.id, expect.stringMatching(/^gap to /)]);
    for (const { id } of foreign) expect(told).not.toContain(id);
  });
});

describe("recovery and history, and pages that are none", () => {
  const asked = [...Object.entries(badPages), ...Object.keys(errors).map((name) => [`rejected with ${name}`, () => Promise.reject(errors[name])] as const)];

  it.each(asked)("%s: an error, or nothing recovered; never what is not so", async (_, mangle) => {
    const trial = await Trial.begin();
    await trial.join();
    const all = trial.say(40);
    const seen: Seen = { position: { epoch: "first-s", offset: 10 }, id: null };
    trial.engine.answers.read = mangle as Mangle;
    await expect(trial.node.hub.history("s", { limit: 100, since: null, reverse: false })).rejects.toMatchObject({
      reason: "engine_unavailable",
    });
    const joined = await trial.join("s", seen).catch((thrown: unknown) => thrown as TidewireError);
    if (joined instanceof TestReader) expect([joined.recovered, joined.start.offset]).toEqual([false, 40]);
    else expect(joined.reason).toBe("engine_unavailable");
    delete trial.engine.answers.read;
    const back = await trial.join("s", seen);
    expect(back.recovered).toBe(true);
    expect(await trial.told(back)).toEqual(idsOf(all.slice(10)));
  });

  it("a channel opens at its top where what it has cannot be read", async () => {
    const trial = await Trial.begin();
    trial.say(5);
    trial.engine.answers.read = () => null;
    const reader = await trial.join();
    expect(reader.start).toEqual({ epoch: "first-s", offset: 5 });
    delete trial.engine.answers.read;
    expect(await trial.told(reader)).toEqual([]);
    expect(idsOf(trial.say(2))).toEqual(await trial.told(reader));
  });
});

describe("a table, and pages that are none", () => {
  const value = (key: string): Publication => trialled.inner.append("t", { data: Buffer.from(key), form: "json", key });
  let trialled: Trial;

  it.each(["more, and nothing of it", "out of order", "null"])("%s: refused, and whole afterwards", async (name) => {
    const trial = (trialled = await Trial.begin());
    const all = ["1", "2", "3"].map(value);
    trial.engine.answers.read = (page, channel) => badPages[name]?.(page, channel);
    await expect(trial.join("t")).rejects.toMatchObject({ reason: "engine_unavailable" });
    delete trial.engine.answers.read;
    expect(await trial.told(await trial.join("t"))).toEqual(idsOf(all));
  });

  it("one that never ends is given up", async () => {
    const trial = (trialled = await Trial.begin());
    value("1");
    let pages = 0;
    trial.engine.answers.read = (page: Page) => {
      const from = (pages += 1) * 20_000;
      const publications = Array.from({ length: 20_000 }, (_, at) => ({ ...page.publications[0], ...linked(from + at) }));
      return { ...page, publications, top: { ...page.top, offset: 2 ** 50 }, more: true };
    };
    // It has pages of its own to give for good: what is asked after them is honest, and empty.
    const read = trial.inner.read.bind(trial.inner);
    trial.inner.read = async (channel, _, limit) => await read(channel, "oldest", limit);
    await expect(trial.join("t")).rejects.toThrow(/changed faster than it could be read/);
    expect(pages).toBe(5 * 3);
  });
});

const linked = (offset: number): object => ({ id: `id-${offset}`, offset, previous: null, key: `${offset}` });

describe("a publish, and acks that are none", () => {
  const badAcks: Record<string, Mangle> = {
    ...noAnswers,
    "a position that is none": (ack: Ack) => ({ ...ack, position: { epoch: "e", offset: -3 } }),
    "another publication's": (ack: Ack) => ({ ...ack, publication: { ...ack.publication, data: Buffer.from("secret") } }),
    "two places": (ack: Ack) => ({ ...ack, position: { ...ack.position, offset: 77 } }),
    ...Object.fromEntries(
      Object.entries(errors).map(([name, thrown]) => [`rejected with ${name}`, () => Promise.reject(thrown)]),
    ),
  };

  it.each(Object.keys(badAcks))("%s: nobody knows, and whoever reads has it once", async (name) => {
    const trial = await Trial.begin();
    const [reader, beside] = [await trial.join(), await trial.join("o")];
    trial.engine.answers.publish = (ack, channel) => (channel === "s" ? badAcks[name]?.(ack, channel) : ack);
    // Its announcement is lost as well: only the doubt is left.
    trial.inner.isDirected = true;
    await expect(trial.node.hub.publish("s", body)).rejects.toMatchObject({ reason: "indeterminate" });
    trial.inner.isDirected = false;
    const { publication } = await trial.node.hub.publish("o", body);
    expect(await trial.told(beside)).toEqual([publication?.id]);
    await trial.node.pass(1_500);
    expect(await trial.told(reader)).toEqual(idsOf(trial.inner.kept("s")));
    expect(reader.said).toHaveLength(1);
  });

  it("an engine's own refusals stay what they are", async () => {
    const trial = await Trial.begin();
    for (const reason of ["conflict", "overloaded", "engine_unavailable", "limit_exceeded", "too_large"] as const) {
      trial.inner.refusals.push(new TidewireError(reason));
      await expect(trial.node.hub.publish("s", body)).rejects.toMatchObject({ reason });
    }
    expect(trial.bad).toBe(0);
  });

  it("an ack at a place that was another's before: the log went back, and readers are told", async () => {
    const trial = await Trial.begin();
    const reader = await trial.join();
    const before = trial.say(5);
    expect(await trial.told(reader)).toEqual(idsOf(before));
    trial.inner.rollBack("s", 3);
    const { position, publication } = await trial.node.hub.publish("s", body);
    expect(position.offset).toBe(3);
    await trial.told(reader);
    const told = (await trial.told(reader)).slice(5);
    expect(told).toEqual(["gap to 3"]);
    expect(trial.node.metrics.get("channel_rollbacks")).toBe(1);
    const next = trial.say(1);
    expect((await trial.told(reader)).slice(5)).toEqual(["gap to 3", ...idsOf(next)]);
    expect(publication?.id).toBe(trial.inner.kept("s")[2]?.id);
  });
});

describe("announcements that are none", () => {
  const bad: [string, (publication: Publication) => unknown][] = [
    ["null", () => null],
    ["undefined", () => undefined],
    ["half an offset", (one) => ({ ...one, offset: one.offset + 0.5 })],
    ["an offset in text", (one) => ({ ...one, offset: `${one.offset}` })],
    ["an offset beyond numbers", (one) => ({ ...one, offset: 2 ** 53 })],
    ["text for bytes", (one) => ({ ...one, data: "x" })],
    ["behind itself", (one) => ({ ...one, previous: { offset: one.offset, id: one.id } })],
  ];

  it.each(bad)("%s: asked for a second later, told once", async (_, mangle) => {
    const trial = await Trial.begin();
    const [reader, beside] = [await trial.join(), await trial.join("o")];
    trial.engine.announcement = (one, channel) => (channel === "s" ? mangle(one) : one);
    const all = trial.say(3);
    const aside = trial.say(2, "o");
    expect(await trial.told(reader)).toEqual([]);
    expect(await trial.told(beside)).toEqual(idsOf(aside));
    await trial.node.pass(1_500);
    expect(await trial.told(reader)).toEqual(idsOf(all));
    expect(trial.inner.topReads).toBe(1);
    expect(trial.bad).toBe(3);
    expect(trial.errors).toHaveLength(1);
  });

  it("twice, late, out of order, of another epoch, and of a channel nobody has", async () => {
    const trial = await Trial.begin();
    const reader = await trial.join();
    const { sink } = trial.engine;
    const [one, two, three] = trial.say(3);
    if (one === undefined || two === undefined || three === undefined) throw new Error("three were said");
    for (const late of [three, one, two, one]) sink.announced("s", "first-s", late);
    sink.announced("s", "never", { ...three, id: "stranger", offset: 4, previous: { offset: 3, id: three.id } });
    sink.announced("nobody", "first-s", three);
    sink.announced(undefined as never, "first-s", three);
    sink.suspect(undefined as never);
    sink.suspect([7 as never]);
    sink.health("sideways" as never);
    await trial.node.pass(2_000);
    expect(trial.node.hub.isUp).toBe(true);
    const [four] = trial.say(1);
    expect(await trial.told(reader)).toEqual(idsOf([one, two, three, ...(four === undefined ? [] : [four])]));
  });

  it("a thousand of a thousand channels are one question", async () => {
    const trial = await Trial.begin();
    const reader = await trial.join();
    const lost = trial.sayUnheard();
    for (let at = 0; at < 1_500; at += 1) trial.engine.sink.announced(`c${at}`, "e", null as never);
    await trial.node.pass(1_500);
    expect(trial.inner.topReads).toBe(1);
    expect(await trial.told(reader)).toEqual([lost.id]);
  });
});

describe("tops and follows that are none", () => {
  it.each(Object.keys(noAnswers))("%s: refused for now, and not followed", async (name) => {
    for (const method of ["tops", "follow"] as const satisfies readonly Method[]) {
      const trial = await Trial.begin();
      trial.say(3);
      trial.engine.answers[method] = noAnswers[name] as Mangle;
      const seen: Seen = { position: { epoch: "first-s", offset: 9 }, id: null };
      await expect(trial.join("s", seen)).rejects.toMatchObject({ reason: "engine_unavailable" });
      if (method === "follow") expect([...trial.inner.followed]).toEqual([]);
      delete trial.engine.answers[method];
      expect((await trial.join("s", seen)).recovered).toBe(false);
    }
  });

  it("an engine that cannot let go of a channel is noted, and another one may come", async () => {
    const trial = await Trial.begin();
    const reader = await trial.join();
    const unfollow = trial.inner.unfollow.bind(trial.inner);
    trial.inner.unfollow = () => {
      throw new Error("cannot");
    };
    reader.cursor.close();
    await trial.node.pass(1_500);
    expect(trial.bad).toBe(1);
    trial.inner.unfollow = unfollow;
    expect((await trial.join()).start.offset).toBe(0);
  });
});

describe("answers that never come, or too late", () => {
  it("ends them after ten seconds, and what holds every read up holds up no other channel for good", async () => {
    const trial = await Trial.begin();
    const late: ((answer: unknown) => void)[] = [];
    trial.engine.answers.read = (page: Page, channel) =>
      channel === "s" ? new Promise((resolve) => late.push(() => resolve(page))) : page;
    const ends = Array.from({ length: 4 }, () =>
      trial.node.hub.history("s", { limit: 5, since: null, reverse: false }).catch((thrown: TidewireError) => thrown.reason),
    );
    await trial.node.settle();
    // All four places are taken.
    const joining = trial.join("o");
    await trial.node.pass(9_000);
    expect(late).toHaveLength(4);
    await trial.node.pass(2_000);
    expect(await Promise.all(ends)).toEqual(Array.from({ length: 4 }, () => "engine_unavailable"));
    expect((await joining).start.offset).toBe(0);
    for (const answer of late) answer(null);
    await trial.node.settle();
  });

  it("a publish: nobody knows; when its ack comes after all, whoever reads has it once", async () => {
    const trial = await Trial.begin();
    const reader = await trial.join();
    trial.inner.isDirected = true;
    trial.inner.holdsAcks = true;
    const publishing = trial.node.hub.publish("s", body).catch((thrown: TidewireError) => thrown.reason);
    await trial.node.pass(10_500);
    expect(await publishing).toBe("indeterminate");
    // Asked before it was appended, as far as anybody can tell.
    await trial.node.pass(1_500);
    const asked = trial.inner.topReads;
    for (const held of trial.inner.heldAcks.splice(0)) held.answer();
    await trial.node.pass(1_500);
    expect(trial.inner.topReads).toBe(asked + 1);
    expect(await trial.told(reader)).toEqual(idsOf(trial.inner.kept("s")));
  });

  it("a follow that is answered when nobody wants it any more is let go", async () => {
    const trial = await Trial.begin();
    let answer = (): void => undefined;
    trial.engine.answers.follow = (top: Position) => new Promise((resolve) => (answer = () => resolve(top)));
    const joining = trial.join().catch((thrown: TidewireError) => thrown.reason);
    await trial.node.pass(11_000);
    expect(await joining).toBe("engine_unavailable");
    trial.inner.followed.add("s");
    answer();
    await trial.node.settle();
    expect([...trial.inner.followed]).toEqual([]);
  });

  it("a page that comes when its channel is gone changes nothing", async () => {
    const trial = await Trial.begin();
    trial.inner.holdsReads = true;
    const joining = trial.join().catch((thrown: unknown) => thrown);
    await trial.node.settle();
    const stopping = trial.node.hub.stop();
    for (const held of trial.inner.heldReads.splice(0)) held.answer();
    await Promise.all([joining, stopping]);
    expect(trial.node.hub.channels).toBe(0);
    expect(trial.bad).toBe(0);
  });

  it("sets one timer for all that is asked, and none after the stop", async () => {
    const trial = await Trial.begin();
    const before = trial.node.clock.pending;
    trial.inner.holdsReads = true;
    const asked = Array.from({ length: 3 }, () =>
      trial.node.hub.history("s", { limit: 5, since: null, reverse: false }).catch(() => "ended"),
    );
    await trial.node.settle();
    expect(trial.node.clock.pending).toBe(before + 1);
    await trial.node.hub.stop();
    expect(await Promise.all(asked)).toEqual(["ended", "ended", "ended"]);
    expect(trial.node.clock.pending).toBe(0);
  });
});
