// The job of the torture as all of its processes know it: what is ordered, how each of them goes, and what comes out.
import { defineCall, defineJob } from "@tidewire/protocol";
import { z } from "zod";

export const work = defineJob("work", {
  input: z.object({ order: z.number().int() }),
  progress: z.object({ percent: z.number() }),
  output: z.object({ order: z.number(), square: z.number() }),
});

/** `isKeyed`: with a key, so that whoever does not know what became of his order gives it again. */
export const orderWork = defineCall("work.order", {
  input: z.object({ order: z.number().int(), isKeyed: z.boolean() }),
  output: z.object({ id: z.string() }),
});

export type Fate = "done" | "fails at first" | "dead letter";

export function fateOf(order: number): Fate {
  if (order % 97 === 0) return "dead letter";
  return order % 53 === 0 ? "fails at first" : "done";
}

export const outputOf = (order: number): { order: number; square: number } => ({ order, square: order * order });

/** How long a worker is at it: 10 to 49 ms. */
export const workMs = (order: number): number => 10 + (order % 40);

export const attempts = 20;
export const leaseMs = 2_000;
/** How often a worker says that it is awake. */
export const awakeMs = 100;
/** Of the server API, which answers to nobody outside of the torture. */
export const apiKey = "torture-0123456789abcdef";
