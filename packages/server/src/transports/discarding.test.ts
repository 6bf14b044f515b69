// Discarding: who pours is read a little at a time, all of them in turn; who says nothing more is over at once.
import { Duplex } from "node:stream";
import { expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { Discarding } from "./discarding.ts";

class Wire extends Duplex {
  override _read(): void {}
  override _write(): void {}
}

/** Streams work in ticks. */
async function tick(): Promise<void> {
  await new Promise<void>((resolve) => void setImmediate(resolve));
}

async function wait(clock: FakeClock, ms: number): Promise<void> {
  clock.advance(ms);
  await tick();
}

const unread = (wires: readonly Wire[]): number[] => wires.map(({ readableLength }) => readableLength);
const much = Buffer.alloc(65_536);
const little = Buffer.alloc(1_000);

/** Wires that are discarded, each with one piece that was read when it came, and one that waits. */
async function pouring(discarding: Discarding, count: number): Promise<readonly Wire[]> {
  const wires = Array.from({ length: count }, () => new Wire());
  for (const wire of wires) {
    discarding.begin(wire);
    await tick();
    wire.push(much);
    wire.push(much);
  }
  await tick();
  return wires;
}

it("reads one of those who pour each 5 ms, in the order in which they came", async () => {
  const clock = new FakeClock();
  const wires = await pouring(new Discarding(clock), 3);
  expect(unread(wires)).toEqual([65_536, 65_536, 65_536]);
  await wait(clock, 4);
  expect(unread(wires)).toEqual([65_536, 65_536, 65_536]);
  await wait(clock, 1);
  expect(unread(wires)).toEqual([0, 65_536, 65_536]);
  wires[0]?.push(much);
  await wait(clock, 5);
  expect(unread(wires)).toEqual([65_536, 0, 65_536]);
  await wait(clock, 5);
  expect(unread(wires)).toEqual([65_536, 0, 0]);
  await wait(clock, 5);
  expect(unread(wires)).toEqual([0, 0, 0]);
  await wait(clock, 20);
  expect(clock.pending).toBe(0);
});

it("has whoever brings little not wait for it, in however many pieces it comes", async () => {
  const clock = new FakeClock();
  const discarding = new Discarding(clock);
  const wire = new Wire();
  discarding.begin(wire);
  await tick();
  // One thousand short of a turn's.
  for (let bytes = 0; bytes + 1_000 < 65_536 - 1_000; bytes += 1_000) wire.push(little);
  await tick();
  expect([wire.readableLength, clock.pending]).toEqual([0, 0]);
  for (let count = 0; count < 100; count += 1) wire.push(little);
  await tick();
  // What filled the turn was read.
  expect([wire.readableLength, clock.pending]).toEqual([98_000, 1]);
  await wait(clock, 5);
  expect(wire.readableLength).toBe(98_000 - 66_000);
});

it("tells the end at once of one that says nothing more, and of the others behind what they said", async () => {
  const clock = new FakeClock();
  const discarding = new Discarding(clock);
  const ended: string[] = [];
  const [silent, talking] = [new Wire(), new Wire()];
  silent.on("end", () => ended.push("silent"));
  talking.on("end", () => ended.push("talking"));
  discarding.begin(silent);
  discarding.begin(talking);
  await tick();
  silent.push(null);
  talking.push(much);
  talking.push(little);
  talking.push(null);
  await tick();
  expect(ended).toEqual(["silent"]);
  await wait(clock, 4);
  expect(ended).toEqual(["silent"]);
  await wait(clock, 1);
  expect(ended).toEqual(["silent", "talking"]);
});

it("forgets one that is destroyed, wherever it stands", async () => {
  const clock = new FakeClock();
  const wires = await pouring(new Discarding(clock), 3);
  wires[0]?.destroy();
  wires[1]?.destroy();
  await tick();
  await wait(clock, 5);
  expect(wires[2]?.readableLength).toBe(0);
  wires[2]?.push(much);
  await tick();
  wires[2]?.destroy();
  await wait(clock, 5);
  await wait(clock, 5);
  expect(clock.pending).toBe(0);
});

it("is no quicker for many that came before and were destroyed", async () => {
  const clock = new FakeClock();
  const discarding = new Discarding(clock);
  for (let count = 0; count < 4; count += 1) {
    const [gone] = await pouring(discarding, 1);
    gone?.destroy();
    await wait(clock, 1);
    expect(clock.pending).toBe(1);
  }
  const [wire] = await pouring(discarding, 1);
  for (let count = 0; count < 3; count += 1) wire?.push(much);
  const left: (number | undefined)[] = [];
  // The first of these is due one millisecond from now.
  for (let count = 0; count < 4; count += 1) {
    await wait(clock, count === 0 ? 1 : 5);
    left.push(wire?.readableLength);
  }
  expect(left).toEqual([3, 2, 1, 0].map((pieces) => pieces * 65_536));
});
