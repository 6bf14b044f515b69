// Has messages counted soon after they are kept: all that the chat does for the analytics is to say that there are some.
import type { Jobs } from "@tidewire/jobs";
import type { Log } from "@tidewire/server";
import { countSoon } from "./analytics-jobs.ts";

export interface Prompter {
  /** There is something to count. Returns at once, and fails never: what is not counted now is in a minute. */
  readonly moved: () => void;
  readonly stop: () => void;
}

const restMs = 1_000;

/** At most one order a second, however much is said, and at most one job in the store. */
export function createPrompter(jobs: Jobs, log: Log): Prompter {
  let timer: NodeJS.Timeout | null = null;
  let isAskedAgain = false;
  let isStopped = false;

  async function order(): Promise<void> {
    try {
      const { isDuplicate } = await jobs.enqueue(countSoon, null, { key: "soon" });
      // That one may be running, and past the newest message.
      isAskedAgain ||= isDuplicate;
    } catch (thrown) {
      log.warn("messages will be counted later", { reason: String(thrown) });
    }
  }

  function moved(): void {
    isAskedAgain = true;
    if (timer === null) timer = setTimeout(prompt, restMs).unref();
  }

  function prompt(): void {
    isAskedAgain = false;
    order().then(ordered, ordered);
  }

  function ordered(): void {
    if (isStopped) return;
    timer = null;
    if (isAskedAgain) moved();
  }

  return {
    moved,
    stop() {
      isStopped = true;
      clearTimeout(timer ?? undefined);
    },
  };
}
