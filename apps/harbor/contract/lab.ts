// The connection lab: a connection of one's own through a fault proxy, what can be done to it, and what came of it.
import { defineCall, defineChannel } from "@tidewire/protocol";
import { z } from "zod";

/** Where a page opens its own line: as at `/connection/websocket`, with a fault proxy between. In development alone. */
export const linePath = "/lab/line";

/** Faults that last for a while and end by themselves, with what the proxy then does and for how long. */
export const lastingFaults = {
  delay: { delayMs: 300, jitterMs: 200, lastsMs: 30_000 },
  /** Half of what the numbers need, so that it shows. */
  slow: { bytesPerSecond: 350, lastsMs: 15_000 },
  slices: { sliceBytes: 1, lastsMs: 30_000 },
  /** Shorter than the time after which either side gives the other up. */
  freeze: { lastsMs: 20_000 },
  cuts: { cutEveryMs: 5_000, lastsMs: 30_000 },
  unplug: { lastsMs: 10_000 },
} as const;

export const lastingFault = z.enum(["delay", "slow", "slices", "freeze", "cuts", "unplug"]);
export type LastingFault = z.infer<typeof lastingFault>;

/** Done in an instant. `half-open`: the line is dead from then on, and neither side is told. */
export const strike = z.enum(["cut", "half-open"]);
export type Strike = z.infer<typeof strike>;

export const activeFault = z.object({
  fault: z.enum([...lastingFault.options, "half-open"]),
  /** When it ends by itself, on the server's clock; `null`: when both sides have given the connection up. */
  untilMs: z.int().nullable(),
});
export type ActiveFault = z.infer<typeof activeFault>;

const activeFaults = z.object({ active: z.array(activeFault) });

/** How many numbers a second, and so how far apart. */
export const numberIntervalMs = 200;

/**
 * The server's numbers for one guest: 1, 2, 3 … as long as the guest's line is open, and on from there the next time.
 * What is checked is what the payload says, not the position it came under.
 */
export const labNumbers = defineChannel("lab-numbers:{guest}", {
  data: z.object({ number: z.int().min(1), madeAtMs: z.int() }),
  history: { size: 1_000, ttlMs: 600_000 },
  publishers: "server",
});

/** What happened at the server's end of a line. `connection` counts those of one line. */
export const lineEvent = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("line-opened"), processId: z.int() }),
  z.object({ kind: z.literal("accepted"), connection: z.int() }),
  z.object({ kind: z.literal("refused") }),
  z.object({ kind: z.literal("session"), session: z.string() }),
  z.object({ kind: z.literal("cut"), connection: z.int() }),
  z.object({ kind: z.literal("severed"), connection: z.int() }),
  z.object({ kind: z.literal("closed"), connection: z.int(), cause: z.string(), downBytes: z.int() }),
  z.object({ kind: z.literal("fault"), fault: lastingFault, isOn: z.boolean(), why: z.enum(["asked", "time"]) }),
  z.object({ kind: z.literal("healed") }),
  z.object({ kind: z.literal("killing"), processId: z.int() }),
]);
export type LineEvent = z.infer<typeof lineEvent>;

/** The server's own account of a guest's line. It goes over the guest's ordinary connection, which no fault touches. */
export const lineLog = defineChannel("lab-line:{guest}", {
  data: z.object({
    atMs: z.int(),
    /** The newest number on the server's list at that moment; 0 before the first. */
    number: z.int().min(0),
    event: lineEvent,
    active: z.array(activeFault),
  }),
  history: { size: 200, ttlMs: 600_000 },
  publishers: "server",
});

/** Opens the caller's line, where it is not open yet. @throws `overloaded` when as many are open as may be. */
export const openLine = defineCall("lab.open", {
  input: z.object({}),
  output: activeFaults.extend({ mayKill: z.boolean() }),
});

export const setFault = defineCall("lab.set", {
  input: z.object({ fault: lastingFault, isOn: z.boolean() }),
  output: activeFaults,
});

/** @returns To how many connections it was done. */
export const strikeLine = defineCall("lab.strike", {
  input: z.object({ strike }),
  output: z.object({ connections: z.int() }),
});

/** Takes every fault back, and ends connections that are half-open: what was swallowed is lost. */
export const healLine = defineCall("lab.heal", { input: z.object({}), output: activeFaults });

/** Kills the server process with SIGKILL a moment after the answer. Where something starts it again. */
export const killServer = defineCall("lab.kill", {
  input: z.object({}),
  output: z.object({ processId: z.int(), inMs: z.int() }),
});

/** Numbers in one answer of `lab.numbers`. */
export const numbersPageSize = 5_000;

/** The numbers made for the caller, from `from` on, as the server's database has them. */
export const listNumbers = defineCall("lab.numbers", {
  input: z.object({ from: z.int().min(1) }),
  output: z.object({ numbers: z.array(z.int()) }),
});
