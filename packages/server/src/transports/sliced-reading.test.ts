// Sliced reading: all bytes arrive, in order and once, whoever pauses, ends or takes the socket over; none waits for ever.
import { Duplex } from "node:stream";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Metrics } from "../ports/metrics.ts";
import { Turns } from "../session/turns.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { sliceReads } from "./sliced-reading.ts";

class Wire extends Duplex {
  override _read(): void {}
}

interface Consumer {
  readonly isPaused: boolean;
}

interface Stage {
  readonly wire: Wire;
  readonly clock: FakeClock;
  readonly turns: Turns;
  readonly metrics: Metrics;
  /** What was parsed, piece by piece. */
  readonly pieces: Buffer[];
  readonly consumer: { isPaused: boolean };
  /** What the parser does besides. */
  act: (piece: Buffer) => void;
  readonly parse: (piece: Buffer) => void;
}

/** A socket whose parser writes down what it is given. */
function stage(consumer: Consumer | null = { isPaused: false }): Stage {
  const clock = new FakeClock();
  const turns = new Turns(clock);
  const here: Stage = {
    wire: new Wire(),
    clock,
    turns,
    metrics: new Metrics(),
    pieces: [],
    consumer: { isPaused: false, ...consumer },
    act: () => undefined,
    parse: (piece) => {
      here.pieces.push(piece);
      here.act(piece);
    },
  };
  here.wire.on("data", here.parse);
  sliceReads(here.wire, here, consumer === null ? null : here.consumer);
  return here;
}

/** Uses up the turn. */
function hurry({ turns, clock }: Stage): void {
  clock.lookMs = 1;
  while (turns.hasTime());
}

/** Streams work in ticks. */
async function tick(): Promise<void> {
  await new Promise<void>((resolve) => void setImmediate(resolve));
}

async function turn(here: Stage): Promise<void> {
  here.clock.turn();
  await tick();
}

const parsed = ({ pieces }: Stage): Buffer => Buffer.concat(pieces);
const bytes = (count: number): Buffer => Buffer.from(Array.from({ length: count }, (_, at) => at % 251));

it("hands over what is small as it is, while there is time", async () => {
  const here = stage();
  await tick();
  const chunk = bytes(1_024);
  here.wire.push(chunk);
  await tick();
  expect(here.pieces).toEqual([chunk]);
  // Nothing was copied.
  expect(here.pieces[0]).toBe(chunk);
  expect(here.metrics.get("reads_late")).toBe(0);
});

it("hands over what is large in pieces: small ones, and larger ones while they are quick", async () => {
  const here = stage();
  await tick();
  here.wire.push(bytes(65_536));
  await tick();
  expect(here.pieces.map(({ length }) => length)).toEqual([1_024, 2_048, 4_096, 8_192, 16_384, 16_384, 16_384, 1_024]);
  expect(parsed(here)).toEqual(bytes(65_536));
  expect(here.wire.isPaused()).toBe(false);
});

it("does not let pieces grow that take long", async () => {
  const here = stage();
  await tick();
  here.clock.lookMs = 0.1;
  here.wire.push(bytes(8_192));
  for (let count = 0; count < 5; count += 1) await turn(here);
  expect(new Set(here.pieces.map(({ length }) => length))).toEqual(new Set([1_024]));
  expect(parsed(here)).toEqual(bytes(8_192));
});

it("begins with small ones each time", async () => {
  const here = stage();
  await tick();
  here.wire.push(bytes(65_536));
  await tick();
  here.pieces.length = 0;
  here.wire.push(bytes(16_384));
  await tick();
  expect(here.pieces[0]).toHaveLength(1_024);
});

it("hands over as much as a turn has time for, and the rest in later ones, in order with what comes meanwhile", async () => {
  const here = stage();
  await tick();
  here.clock.lookMs = 0.3;
  here.wire.push(bytes(16_384));
  expect(here.wire.isPaused()).toBe(true);
  await tick();
  expect(here.metrics.get("reads_late")).toBe(1);
  const first = parsed(here).length;
  expect(first).toBeLessThan(10_000);
  here.wire.push(bytes(300));
  await tick();
  expect(parsed(here)).toHaveLength(first);
  let turns = 0;
  for (; parsed(here).length < 16_684; turns += 1) {
    expect(turns).toBeLessThan(20);
    await turn(here);
  }
  expect(turns).toBeGreaterThan(1);
  expect(parsed(here)).toEqual(Buffer.concat([bytes(16_384), bytes(300)]));
  expect(here.wire.isPaused()).toBe(false);
});

it("keeps what is small for the next turn, where this one is used up", async () => {
  const here = stage();
  await tick();
  hurry(here);
  here.wire.push(bytes(10));
  await tick();
  expect(here.pieces).toEqual([]);
  await turn(here);
  expect(parsed(here)).toEqual(bytes(10));
});

it("stays in line when somebody lets the socket flow meanwhile", async () => {
  const here = stage();
  await tick();
  hurry(here);
  here.wire.push(bytes(5_000));
  for (let count = 0; count < 5; count += 1) {
    here.wire.resume();
    await tick();
  }
  expect(here.pieces).toEqual([]);
  here.clock.lookMs = 0;
  await turn(here);
  expect(parsed(here)).toEqual(bytes(5_000));
});

it("gives no more to a parser that pauses the socket, until that one lets it flow", async () => {
  const here = stage();
  await tick();
  here.act = () => void here.wire.pause();
  here.wire.push(bytes(5_000));
  for (let count = 0; count < 5; count += 1) await turn(here);
  expect(here.pieces).toHaveLength(1);
  here.act = () => undefined;
  here.wire.resume();
  await tick();
  expect(parsed(here)).toEqual(bytes(5_000));
});

it("gives nothing to a consumer that is paused while the bytes are in line, until the socket flows", async () => {
  const here = stage();
  await tick();
  hurry(here);
  here.wire.push(bytes(5_000));
  await tick();
  here.consumer.isPaused = true;
  for (let count = 0; count < 5; count += 1) await turn(here);
  expect(here.pieces).toEqual([]);
  here.consumer.isPaused = false;
  here.clock.lookMs = 0;
  here.wire.resume();
  await tick();
  expect(parsed(here)).toEqual(bytes(5_000));
});

it("tells the end behind all that came before it", async () => {
  const here = stage();
  await tick();
  let atEnd: number | null = null;
  here.wire.on("end", () => (atEnd = parsed(here).length));
  hurry(here);
  here.wire.push(bytes(5_000));
  here.wire.push(null);
  await tick();
  expect([atEnd, here.pieces]).toEqual([null, []]);
  here.clock.lookMs = 0;
  await turn(here);
  expect(atEnd).toBe(5_000);
});

it("leaves what is behind an upgrade to whoever takes the socket over, in order", async () => {
  const here = stage();
  await tick();
  const after: Buffer[] = [];
  here.act = (piece) => {
    here.wire.off("data", here.parse);
    // As Node's server does it: what is left of the piece is the head, and the socket does not flow.
    (here.wire as { readableFlowing: boolean | null }).readableFlowing = null;
    here.wire.unshift(piece.subarray(100));
  };
  here.wire.push(bytes(5_000));
  await tick();
  expect(here.wire.listenerCount("data")).toBe(0);
  here.wire.on("data", (chunk: Buffer) => after.push(chunk));
  await tick();
  expect(Buffer.concat(after)).toEqual(bytes(5_000).subarray(100));
});

it.for([
  ["a request's socket flow", null, false],
  ["a WebSocket's be, which is discarded,", { isPaused: false }, true],
] as const)("lets %s whose parser was taken away while its bytes were in line", async ([, consumer, isPaused]) => {
  const here = stage(consumer);
  await tick();
  hurry(here);
  here.wire.push(bytes(5_000));
  await tick();
  here.wire.removeAllListeners("data");
  here.wire.on("data", () => undefined);
  here.wire.pause();
  await turn(here);
  expect([here.wire.isPaused(), here.pieces]).toEqual([isPaused, []]);
});

it("is over with a socket that is destroyed", async () => {
  const here = stage();
  await tick();
  let left = 0;
  // As ws does it.
  here.wire.on("close", () => (left = here.wire.readableLength));
  here.act = () => void here.wire.destroy();
  here.wire.push(bytes(5_000));
  for (let count = 0; count < 3; count += 1) await turn(here);
  // On Node 26 it flows nevertheless, since what is destroyed cannot be paused.
  const over = new Wire().destroy();
  over.pause();
  expect(parsed(here)).toHaveLength(over.isPaused() ? 1_024 : 5_000);
  expect(parsed(here).length + left).toBe(5_000);
  expect(here.clock.deferred).toBe(0);
});

it("goes on behind a piece whose parser failed, in line as at once", async () => {
  const here = stage();
  await tick();
  hurry(here);
  here.wire.push(bytes(5_000));
  await tick();
  here.act = () => {
    throw new Error("a mistake");
  };
  expect(() => here.clock.turn()).toThrow("a mistake");
  here.act = () => undefined;
  here.clock.lookMs = 0;
  for (let count = 0; count < 3; count += 1) await turn(here);
  expect(parsed(here)).toEqual(bytes(5_000));
  expect(Math.max(...here.pieces.map(({ length }) => length))).toBeLessThan(3_000);
});

it("gives sockets of one parser one listener, and each its own bytes", async () => {
  const clock = new FakeClock();
  const options = { clock, turns: new Turns(clock), metrics: new Metrics() };
  const heard = new Map<Duplex, string>();
  function parse(this: Duplex, chunk: Buffer): void {
    heard.set(this, (heard.get(this) ?? "") + chunk.toString());
  }
  const wires = Array.from({ length: 3 }, () => new Wire());
  for (const wire of wires) {
    wire.on("data", parse);
    sliceReads(wire, options, { isPaused: false });
  }
  expect(new Set(wires.map((wire) => wire.rawListeners("data")[0])).size).toBe(1);
  await tick();
  for (const [index, wire] of wires.entries()) wire.push(String(index));
  await tick();
  expect(wires.map((wire) => heard.get(wire))).toEqual(["0", "1", "2"]);
});

it("leaves a socket alone that nobody reads by its stream", async () => {
  const wire = new Wire();
  const clock = new FakeClock();
  sliceReads(wire, { clock, turns: new Turns(clock), metrics: new Metrics() }, null);
  expect([wire.listenerCount("data"), wire.readableFlowing]).toEqual([0, null]);
});

type Step = "push small" | "push large" | "turn" | "hurry" | "tick" | "pause" | "resume" | "hold" | "let go";
const steps = fc.array(
  fc.constantFrom<Step>("push small", "push large", "turn", "hurry", "tick", "pause", "resume", "hold", "let go"),
  { maxLength: 60 },
);

it("loses, repeats and reorders nothing, whatever happens, and ends", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const here = stage();
      let [pushed, hasPaused] = [Buffer.alloc(0), false];
      const push = (count: number): void => {
        const chunk = bytes(count);
        pushed = Buffer.concat([pushed, chunk]);
        here.wire.push(Buffer.from(chunk));
      };
      here.act = () => {
        expect(here.consumer.isPaused).toBe(false);
        if (hasPaused) here.wire.pause();
        hasPaused = false;
      };
      const acts: Record<Step, () => unknown> = {
        "push small": () => push(77),
        "push large": () => push(20_011),
        turn: () => turn(here),
        hurry: () => hurry(here),
        tick,
        pause: () => (hasPaused = true),
        resume: () => here.wire.resume(),
        // As ws does it.
        hold: () => ((here.consumer.isPaused = true), here.wire.pause()),
        "let go": () => ((here.consumer.isPaused = false), here.wire.resume()),
      };
      await tick();
      for (const step of plan) {
        if (step === "resume" && here.consumer.isPaused) continue;
        await acts[step]();
      }
      let hasEnded = false;
      here.wire.on("end", () => (hasEnded = true));
      here.wire.push(null);
      here.clock.lookMs = 0;
      here.consumer.isPaused = false;
      for (let count = 0; count < 30 && !hasEnded; count += 1) {
        here.wire.resume();
        await turn(here);
      }
      expect(hasEnded).toBe(true);
      expect(parsed(here).equals(pushed)).toBe(true);
    }),
    { numRuns: 200 },
  );
}, 60_000);
