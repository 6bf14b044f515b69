// Publishes bursts at their times, whatever the server makes of them: an open loop.
import { fillingOf, markOf, nowUs } from "../mark.ts";
import type { Load, Published } from "../talk.ts";
import type { Publish } from "./broadcaster.ts";

/** So far behind its times, a server is not going to hold the rate. */
const hopelessMs = 1_000;

export function publishAll({ phase, rate, burst, seconds, bytes }: Load, publish: Publish): Promise<Published> {
  const total = Math.round(rate * seconds);
  const burstMs = (burst / rate) * 1_000;
  const text = fillingOf(bytes);
  const begunMs = performance.now();
  return new Promise((resolve) => {
    let count = 0;
    let lagMs = 0;
    const turn = (): void => {
      const dueMs = begunMs + (count / burst) * burstMs;
      lagMs = Math.max(lagMs, performance.now() - dueMs);
      for (let left = Math.min(burst, total - count); left > 0; left -= 1) {
        count += 1;
        publish({ mark: markOf(phase, count, nowUs()), text });
      }
      if (count >= total || lagMs > hopelessMs) return resolve({ count, lagMs, gaveUp: count < total });
      setTimeout(turn, Math.max(0, dueMs + burstMs - performance.now()));
    };
    turn();
  });
}
