// Frames that overtook each other are obeyed in the order of their numbers, and nothing waits for ever.
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { Command } from "../../session/command.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { Arrivals } from "./arrivals.ts";

let clock: FakeClock;
let arrivals: Arrivals;
let obeyed: number[];

beforeEach(() => {
  clock = new FakeClock();
  arrivals = new Arrivals(clock);
  obeyed = [];
});

const unsubscribe = (id: number): Command => ({ kind: "unsubscribe", id, channel: "c" });

/** A frame of these commands arrives. */
function arrive(...ids: readonly number[]): void {
  arriveWith(10, ids);
}

function arriveWith(bytes: number, ids: readonly number[]): void {
  arrivals.put(ids.map(unsubscribe), bytes, (said) => {
    for (const each of said) if ("id" in each) obeyed.push(each.id);
  });
}

describe("Arrivals", () => {
  it("begins wherever the client's numbers begin, and goes on at once where none is missing", () => {
    arrive(7, 8);
    arrive(9);
    arrive(10, 11);
    expect([obeyed, clock.pending]).toEqual([[7, 8, 9, 10, 11], 0]);
  });

  it("has what is ahead wait for what is missing", () => {
    arrive(1);
    arrive(4);
    arrive(3);
    expect([obeyed, clock.pending]).toEqual([[1], 1]);
    arrive(2);
    expect([obeyed, clock.pending]).toEqual([[1, 2, 3, 4], 0]);
  });

  it("waits a second for a number that does not come, and obeys it when it comes later", () => {
    arrive(1);
    arrive(3);
    clock.advance(500);
    arrive(5);
    clock.advance(499);
    expect(obeyed).toEqual([1]);
    clock.advance(1);
    expect([obeyed, clock.pending]).toEqual([[1, 3, 5], 0]);
    arrive(2);
    arrive(6);
    expect(obeyed).toEqual([1, 3, 5, 2, 6]);
  });

  it("keeps a bounded number of them waiting", () => {
    arrive(1);
    for (let id = 3; id <= 66; id += 1) arrive(id);
    expect(obeyed).toEqual([1]);
    arrive(67);
    expect(obeyed).toEqual([1, ...Array.from({ length: 65 }, (_, index) => index + 3)]);
    expect(clock.pending).toBe(0);
  });

  it("keeps a bounded number of their bytes waiting", () => {
    arrive(1);
    for (let id = 3; id <= 6; id += 1) arriveWith(65_536, [id]);
    expect(obeyed).toEqual([1]);
    arriveWith(1, [7]);
    expect(obeyed).toEqual([1, 3, 4, 5, 6, 7]);
  });

  it("lets pongs, sends and marks through: they have no number", () => {
    arrive(1);
    arrive(3);
    const said: string[] = [];
    arrivals.put([{ kind: "pong" }], 2, ([each]) => said.push(each?.kind ?? ""));
    arrivals.put([{ kind: "mark", at: 3 }], 10, ([each]) => said.push(each?.kind ?? ""));
    expect(said).toEqual(["pong", "mark"]);
  });

  it("obeys nothing more once its session has ended", () => {
    arrive(1);
    arrive(3);
    arrivals.stop();
    clock.advance(5_000);
    expect([obeyed, clock.pending]).toEqual([[1], 0]);
  });

  it("obeys each once and in order, however they are mixed up, as long as none comes a second late", () => {
    const frames = fc.shuffledSubarray(
      Array.from({ length: 30 }, (_, index) => index + 2),
      { minLength: 30 },
    );
    fc.assert(
      fc.property(frames, (ids) => {
        clock = new FakeClock();
        arrivals = new Arrivals(clock);
        obeyed = [];
        arrive(1);
        for (const id of ids) {
          arrive(id);
          clock.advance(30);
        }
        expect(obeyed).toEqual(Array.from({ length: 31 }, (_, index) => index + 1));
      }),
    );
  });
});
