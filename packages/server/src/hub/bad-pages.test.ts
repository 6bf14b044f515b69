// Pages that can be none: read again, then a gap or an error, never what is not so, and other channels notice nothing.
import type { TidewireError } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import type { Page, Publication } from "../engine/engine.ts";
import type { Mangle } from "../testing/mangled-engine.ts";
import { errors, idsOf, noAnswers, Trial } from "../testing/mangled-trial.ts";
import { TestReader } from "../testing/test-reader.ts";
import type { Seen } from "./recovery.ts";

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
    trial.engine.answers.read = (page: Page) => ({
      ...page,
      publications: foreign.slice(2),
      top: { ...page.top, offset: 3 },
    });
    trial.say(1);
    const told = await trial.told(reader);
    expect(told.slice(0, 2)).toEqual([known?.id, expect.stringMatching(/^gap to /)]);
    for (const { id } of foreign) expect(told).not.toContain(id);
  });
});

describe("recovery and history, and pages that are none", () => {
  const asked = [
    ...Object.entries(badPages),
    ...Object.keys(errors).map((name) => [`rejected with ${name}`, () => Promise.reject(errors[name])] as const),
  ];

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
      const publications = Array.from({ length: 20_000 }, (_, at) => ({
        ...page.publications[0],
        ...linked(from + at),
      }));
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
