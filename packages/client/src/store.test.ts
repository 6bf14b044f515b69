// Stores and listeners: who is told what, in which order, and what one listener's error does to the others.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../test/fake-clock.ts";
import { FakePage } from "../test/stage.ts";
import { FrameValue } from "./frame-value.ts";
import { Listeners, Value } from "./store.ts";

describe("listeners", () => {
  test("are told in the order in which they came, each as often as it was added", () => {
    const heard: string[] = [];
    const listeners = new Listeners<string>(() => undefined);
    const first = (event: string): void => void heard.push(`first ${event}`);
    const stop = listeners.add(first);
    listeners.add(first);
    listeners.add((event) => void heard.push(`second ${event}`));
    listeners.emit("a");
    stop();
    stop();
    listeners.emit("b");
    expect(heard).toEqual(["first a", "first a", "second a", "first b", "second b"]);
  });

  test("do not keep the next from being told when one throws", () => {
    const errors: unknown[] = [];
    const heard: number[] = [];
    const listeners = new Listeners<number>((error) => void errors.push(error));
    listeners.add(() => {
      throw new Error("mine");
    });
    listeners.add((event) => void heard.push(event));
    listeners.emit(1);
    expect(heard).toEqual([1]);
    expect(errors).toEqual([new Error("mine")]);
  });
});

test("a value tells each change to whoever listens then, for any order of comings and goings", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), who: fc.nat(4) }),
    fc.record({ kind: fc.constant("remove" as const), who: fc.nat(4) }),
    fc.record({ kind: fc.constant("set" as const), who: fc.nat(100) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const value = new Value(0, () => undefined);
      const here = new Map<number, { stop: () => void; heard: number[]; due: number[] }>();
      for (const { kind, who } of steps) {
        if (kind === "add" && !here.has(who)) {
          const heard: number[] = [];
          here.set(who, { stop: value.subscribe(() => heard.push(value.getSnapshot())), heard, due: [] });
        }
        if (kind === "remove") {
          here.get(who)?.stop();
          here.delete(who);
        }
        if (kind === "set") {
          value.set(who);
          for (const { due } of here.values()) due.push(who);
        }
        for (const { heard, due } of here.values()) expect(heard).toEqual(due);
      }
    }),
    { numRuns: 1_000 },
  );
});

describe("a value by the frame", () => {
  const ports = { random: () => 0, page: new FakePage(), onError: () => undefined };

  test("changes once a frame, however often it was asked to", () => {
    const clock = new FakeClock();
    const value = new FrameValue(0, { ...ports, clock }, () => () => undefined);
    const heard: number[] = [];
    const stop = value.subscribe(() => heard.push(value.getSnapshot()));
    for (const next of [1, 2, 3]) value.later(() => next);
    expect(value.getSnapshot()).toBe(0);
    clock.advance(16);
    expect(heard).toEqual([3]);
    clock.advance(1_000);
    expect(heard).toEqual([3]);
    stop();
  });

  test("works only while somebody watches, and leaves no timer behind", () => {
    const clock = new FakeClock();
    const log: string[] = [];
    const value = new FrameValue(0, { ...ports, clock }, () => {
      log.push("start");
      return () => log.push("stop");
    });
    const stops = [value.subscribe(() => undefined), value.subscribe(() => undefined)];
    value.later(() => 7);
    for (const stop of stops) stop();
    expect(log).toEqual(["start", "stop"]);
    expect(clock.size).toBe(0);
    expect(value.getSnapshot()).toBe(7);
    value.subscribe(() => undefined)();
    expect(log).toEqual(["start", "stop", "start", "stop"]);
  });
});
