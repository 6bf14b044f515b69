// Answers that may take only so long.
import { TidewireError } from "@tidewire/protocol";
import type { Cancel, Clock } from "@tidewire/protocol/ports";

interface Bound {
  readonly clock: Clock;
  readonly ms: number;
  /** What to say when it is over. */
  readonly late: string;
}

/** @throws {TidewireError} `engine_unavailable` when the answer is late; it is then nobody's. */
export async function bounded<Answer>(answer: Promise<Answer>, { clock, ms, late }: Bound): Promise<Answer> {
  let cancel: Cancel = () => undefined;
  const over = new Promise<never>((_, reject) => {
    cancel = clock.after(ms, () => reject(new TidewireError("engine_unavailable", late)));
  });
  try {
    return await Promise.race([answer, over]);
  } finally {
    cancel();
  }
}
