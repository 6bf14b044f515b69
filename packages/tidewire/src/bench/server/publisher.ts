// Publishes bursts at their times, whatever the server makes of them: an open loop.
import { fillingOf, markOf, nowUs } from "../mark.ts";
import { countAt, type Load, oneChannel, type Published } from "../talk.ts";
import type { Publish } from "./broadcaster.ts";

/** So far behind its times, a server is not going to hold the rate. */
const hopelessMs = 1_000;

/** Publishes a load in bursts at their times, whatever the server makes of it. Gives up when it is a second behind. */
export function publishAll(load: Load, publish: Publish): Promise<Published> {
  const { phase, rate, burst, seconds, bytes, spread = oneChannel, after = 0 } = load;
  const total = after + Math.round(rate * seconds);
  const burstMs = (burst / rate) * 1_000;
  const text = fillingOf(bytes);
  const begunMs = performance.now();
  return new Promise((resolve) => {
    let count = after;
    let lagMs = 0;
    const turn = (): void => {
      const dueMs = begunMs + ((count - after) / burst) * burstMs;
      lagMs = Math.max(lagMs, performance.now() - dueMs);
      for (let left = Math.min(burst, total - count); left > 0; left -= 1) {
        const place = spread.first + (count % spread.count);
        count += 1;
        publish(
          { mark: markOf({ phase, place, n: countAt(count, spread, place), atUs: nowUs() }), text },
          place,
          spread.of,
        );
      }
      if (count >= total || lagMs > hopelessMs) return resolve({ count, lagMs, gaveUp: count < total });
      setTimeout(turn, Math.max(0, dueMs + burstMs - performance.now()));
    };
    turn();
  });
}
