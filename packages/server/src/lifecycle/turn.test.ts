// A lease that somebody else may have had for a while.
import { expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { Deposed, Turn } from "./turn.ts";

function taking(...fences: readonly (number | null)[]): {
  turn: Turn;
  clock: FakeClock;
  left: (number | null)[];
  said: string[];
} {
  const left = [...fences];
  const said: string[] = [];
  const clock = new FakeClock();
  const leases = {
    take: (): Promise<number | null> => Promise.resolve(left.shift() ?? null),
    release: (): void => void said.push("released"),
  };
  return { turn: new Turn({ leases, clock, lost: () => void said.push("lost") }), clock, left, said };
}

it("is renewed when a third of its time is over, however long one goes on with it", async () => {
  const { turn, clock, left, said } = taking(7, 7, 7);
  expect(await turn.take()).toBe(true);
  clock.advance(2_999);
  await turn.hold();
  expect(left).toHaveLength(2);
  clock.advance(1);
  await turn.hold();
  clock.advance(3_000);
  await turn.hold();
  expect([left, said]).toEqual([[], ["lost"]]);
  turn.release();
  expect([turn.isLeased, said]).toEqual([false, ["lost", "released"]]);
});

it.each([
  ["has it", null],
  ["had it meanwhile", 9],
])("is nothing to go on with where somebody else %s", async (_, fence) => {
  const { turn, clock, said } = taking(7, fence);
  await turn.take();
  clock.advance(3_000);
  await expect(turn.hold()).rejects.toThrow(Deposed);
  expect(said).toEqual(["lost", "lost"]);
});

it("is asked for at once where it is doubted", async () => {
  const { turn, left } = taking(7, 7);
  await turn.take();
  turn.doubt();
  await turn.hold();
  expect(left).toEqual([]);
});

it("is always this node's where there are no leases", async () => {
  const turn = new Turn({ leases: null, clock: new FakeClock(), lost: () => undefined });
  expect(await turn.take()).toBe(true);
  await turn.hold();
  expect(turn.isLeased).toBe(false);
});
