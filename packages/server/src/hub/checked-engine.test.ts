// Engines that answer what cannot be, or not at all: nobody crashes, nobody is told a lie, and other channels notice nothing.
import { type Position, TidewireError } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import type { Ack, Page, Publication } from "../engine/engine.ts";
import type { Mangle, Method } from "../testing/mangled-engine.ts";
import { body, errors, idsOf, noAnswers, Trial } from "../testing/mangled-trial.ts";
import type { Seen } from "./recovery.ts";

describe("a publish, and acks that are none", () => {
  const badAcks: Record<string, Mangle> = {
    ...noAnswers,
    "a position that is none": (ack: Ack) => ({ ...ack, position: { epoch: "e", offset: -3 } }),
    "another publication's": (ack: Ack) => ({
      ...ack,
      publication: { ...ack.publication, data: Buffer.from("secret") },
    }),
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
      trial.node.hub
        .history("s", { limit: 5, since: null, reverse: false })
        .catch((thrown: TidewireError) => thrown.reason),
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
