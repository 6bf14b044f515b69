// What a relay of channels writes next, with histories and a Kafka that do what the test says. No Kafka is asked.
import type { ChannelRelayOptions, Histories, KeptPage, KeptPublication } from "@tidewire/bridges/kafka";
import { FakeClock } from "@tidewire/server/testing";
import { expect, test } from "vitest";
import { Batches } from "../../packages/bridges/src/kafka/batches.ts";
import { termsOf } from "../../packages/bridges/src/kafka/channel-relay-options.ts";
import type { Entry } from "../../packages/bridges/src/kafka/batch.ts";
import type { Place } from "../../packages/bridges/src/kafka/place.ts";
import { Unwritten } from "../../packages/bridges/src/kafka/tenure.ts";
import { RecordedLog } from "../serving.ts";
import { writersOf } from "./writers.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const epoch = "e";

const kept = (offset: number, given: Partial<KeptPublication> = {}): KeptPublication => ({
  id: `id ${offset}`,
  offset,
  previous: offset === 1 ? null : { offset: offset - 1, id: `id ${offset - 1}` },
  data: Buffer.from("1"),
  form: "json",
  atMs: 0,
  ...given,
});

interface Channel {
  readonly publications: readonly KeptPublication[];
  readonly floor?: number;
  /** What a read ends with; default: with a page of at most two publications. */
  reading?: () => Promise<KeptPage>;
}

/** Channels, and the batches that come of them when Kafka takes what it is given. */
class Trial {
  readonly clock = new FakeClock();
  readonly log = new RecordedLog();
  readonly places = new Map<string, Place>();
  readonly batches: Batches;
  readonly #channels: Readonly<Record<string, Channel>>;
  reads = 0;

  constructor(channels: Readonly<Record<string, Channel>>, options: Partial<ChannelRelayOptions> = {}) {
    this.#channels = channels;
    const { clock, log } = this;
    const given = { kafka: writersOf("127.0.0.1:1"), topic: "out", channels: Object.keys(channels) };
    this.batches = new Batches(termsOf({ ...given, histories: this.#histories(), clock, log, ...options }));
  }

  get troubles(): readonly string[] {
    return this.log.troubles.map(({ message }) => message);
  }

  next(): Promise<readonly Entry[]> {
    return this.batches.next(this.places);
  }

  /** Takes what comes next. */
  async write(): Promise<readonly string[]> {
    const entries = await this.next();
    for (const { channel, place } of entries) this.places.set(channel, place);
    if (entries.length > 0) this.batches.wrote(entries);
    return shown(entries);
  }

  /** As Kafka does what is too large for it. */
  async refuse(): Promise<readonly string[]> {
    const entries = await this.next();
    const cause = Object.assign(new Error("too large"), { apiId: "MESSAGE_TOO_LARGE" });
    expect(this.batches.isSplitOrRefused(new Unwritten(entries, cause))).toBe(true);
    return shown(entries);
  }

  #histories(): Histories {
    const of = (name: string): Channel => this.#channels[name] ?? expect.fail(`nobody named ${name}`);
    const top = (name: string): number => of(name).publications.at(-1)?.offset ?? 0;
    return {
      tops: async (names) => names.map((name) => ({ epoch, offset: top(name) })),
      read: async (name, after) => {
        this.reads += 1;
        const { publications, floor = 0, reading } = of(name);
        const behind = publications.filter(({ offset }) => offset > (after?.offset ?? 0)).slice(0, 2);
        return reading === undefined
          ? { publications: behind, top: { epoch, offset: top(name) }, floor }
          : await reading();
      },
    };
  }
}

const shown = (entries: readonly Entry[]): readonly string[] =>
  entries.map(({ channel, place, gap }) => `${channel}${place.offset}${gap === null ? "" : ` ${gap.reason}`}`);

const table = (): Record<string, Channel> => ({
  t: { publications: [60, 70, 80, 120].map((offset) => kept(offset, { key: `${offset}` })), floor: 100 },
});

test("what a table has forgotten is told once, however many pages are below its floor", async () => {
  const trial = new Trial(table());
  trial.places.set("t", { epoch, offset: 50, id: "id 50" });
  const written = [await trial.write(), await trial.write(), await trial.write()];
  expect(written).toEqual([["t50 truncated", "t60", "t70"], ["t80", "t120"], []]);
  expect(trial.places.get("t")).toEqual({ epoch, offset: 120, id: "id 120" });
  expect(trial.batches.counts).toEqual({ written: 4, gaps: 1, failures: 0 });
});

test("of a table that is read from its oldest nothing is missing", async () => {
  const trial = new Trial(table());
  expect([await trial.write(), await trial.write()]).toEqual([
    ["t60", "t70"],
    ["t80", "t120"],
  ]);
});

test("a gap of a table before a value that Kafka refuses is written once, and then the refusal", async () => {
  const trial = new Trial(table());
  trial.places.set("t", { epoch, offset: 50, id: "id 50" });
  expect(await trial.refuse()).toEqual(["t50 truncated", "t60", "t70"]);
  expect(await trial.write()).toEqual(["t50 truncated"]);
  expect(await trial.refuse()).toEqual(["t60", "t70"]);
  expect(await trial.refuse()).toEqual(["t60"]);
  expect(await trial.write()).toEqual(["t60 refused"]);
  expect(await trial.write()).toEqual(["t70", "t80"]);
});

test("a batch is as large as Kafka takes, or one publication, whichever channels it is of", async () => {
  const data = Buffer.alloc(600_000);
  const publications = [kept(1, { data }), kept(2)];
  const trial = new Trial({ a: { publications }, b: { publications }, c: { publications: [kept(1)] } });
  const written: (readonly string[])[] = [];
  for (let count = 0; count < 6; count += 1) written.push(await trial.write());
  expect(written.flat().toSorted()).toEqual(["a1", "a2", "b1", "b2", "c1"]);
  expect(written.filter((batch) => batch.includes("a1") || batch.includes("b1"))).toHaveLength(2);
  for (const batch of written) expect(batch.some((entry) => /[ab]1/v.test(entry)) ? batch.length : 1).toBe(1);
});

test("a channel that cannot be read holds up no other", async () => {
  const publications = [kept(1)];
  const bad: Channel = { publications, reading: () => Promise.reject(new Error("its page is none")) };
  const trial = new Trial({ bad, good: { publications } });
  expect(await trial.write()).toEqual(["good1"]);
  expect(trial.log.troubles).toMatchObject([
    { message: "channels cannot be read now", fields: { reason: "its page is none" } },
  ]);
  delete bad.reading;
  expect(await trial.write()).toEqual(["bad1"]);
  expect(trial.log.lines.at(-1)?.message).toBe("channels are read again");
  expect(trial.batches.counts).toEqual({ written: 2, gaps: 0, failures: 1 });
});

test("one whose read hangs holds up the others for a quarter of what a relay may be silent, and is not asked twice", async () => {
  const publications = [kept(1)];
  const answer = Promise.withResolvers<KeptPage>();
  const hung: Channel = { publications, reading: () => answer.promise };
  const trial = new Trial({ hung, good: { publications } }, { takeoverMs: 8_000 });
  const first = trial.write();
  await turn();
  trial.clock.advance(2_000);
  expect(await first).toEqual(["good1"]);
  expect(trial.reads).toBe(2);
  expect(await trial.write()).toEqual([]);
  expect(trial.reads).toBe(2);
  answer.reject(new Error("too late"));
  await turn();
  delete hung.reading;
  expect(await trial.write()).toEqual(["hung1"]);
});

test("tops that nobody answers are awaited no longer either", async () => {
  const histories = { tops: () => new Promise<never>(() => undefined), read: () => expect.fail("no question") };
  const trial = new Trial({ a: { publications: [kept(1)] } }, { takeoverMs: 8_000, histories });
  const first = trial.next();
  await turn();
  trial.clock.advance(2_000);
  expect(await first).toEqual([]);
  expect(trial.troubles).toEqual(["channels cannot be read now"]);
});

test("a gap that nobody takes holds up its channel, whether its teller throws or never settles", async () => {
  const publications = [kept(8)];
  let telling = (): void | Promise<void> => {
    throw new Error("nobody to tell");
  };
  const gap = ({ channel }: { readonly channel: string }): void | Promise<void> =>
    channel === "bad" ? telling() : undefined;
  const trial = new Trial({ bad: { publications }, good: { publications } }, { takeoverMs: 8_000, gap });
  expect(await trial.write()).toEqual(["good7 truncated", "good8"]);
  telling = () => new Promise(() => undefined);
  const second = trial.write();
  await turn();
  trial.clock.advance(2_000);
  expect(await second).toEqual([]);
  telling = () => undefined;
  expect(await trial.write()).toEqual(["bad7 truncated", "bad8"]);
  expect(trial.batches.counts).toEqual({ written: 2, gaps: 2, failures: 2 });
});

test("names that nobody says hold up no channel that is known", async () => {
  const publications = [kept(1)];
  let names = (): Promise<readonly string[]> => new Promise(() => undefined);
  const trial = new Trial({ a: { publications } }, { takeoverMs: 8_000, channels: () => names() });
  const first = trial.write();
  await turn();
  trial.clock.advance(2_000);
  expect(await first).toEqual([]);
  trial.clock.advance(3_000);
  await turn();
  expect(trial.troubles).toEqual(["nobody says which channels to write"]);
  names = () => Promise.resolve(["a"]);
  expect(await trial.write()).toEqual(["a1"]);
  expect(trial.log.lines.at(-1)?.message).toBe("the channels to write are named again");
  names = () => Promise.reject(new Error("the database is away"));
  trial.clock.advance(5_000);
  trial.places.clear();
  expect(await trial.write()).toEqual(["a1"]);
  expect(trial.troubles).toEqual(["nobody says which channels to write", "nobody says which channels to write"]);
});
