// What BullMQ answers to a command that moves a job on, in the words of the contract.
import type { Settled } from "../store/job-store.ts";

/** What BullMQ says to a token that is no longer the lock's, or of a job that is gone. */
const refusals: readonly unknown[] = [-1, -2, -3, -6];

/** Whether BullMQ took it. */
export async function accepted(moved: Promise<unknown>): Promise<boolean> {
  try {
    await moved;
    return true;
  } catch (thrown) {
    if (refusals.includes((Object(thrown) as { readonly code?: unknown }).code)) return false;
    throw thrown;
  }
}

/** @param answer BullMQ's number, or in words what went wrong. */
export function doneOf(answer: unknown): PromiseSettledResult<Settled> {
  if (answer === 0) return { status: "fulfilled", value: "done" };
  if (refusals.includes(answer)) return { status: "fulfilled", value: null };
  return { status: "rejected", reason: new Error(`BullMQ did not take the end of a job: ${String(answer)}`) };
}
