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

/** Where the mark is not known to be there, nobody can know. */
export function endOf(
  move: PromiseSettledResult<boolean> | undefined,
  marks: PromiseSettledResult<unknown>,
): PromiseSettledResult<Settled> {
  const failed = [move, marks].find((one) => one?.status === "rejected");
  if (failed?.status === "rejected") return failed;
  return { status: "fulfilled", value: move?.status === "fulfilled" && move.value ? "done" : null };
}
