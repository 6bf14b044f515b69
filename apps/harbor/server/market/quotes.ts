// The source of the market: so many quotes a second, in small portions, while somebody watches.
import type { Source } from "@tidewire/server";
import type { Quote } from "../../contract/market.ts";
import type { Walk } from "./random-walk.ts";

export const quotesPerSecond = 2_000;
/** More often than anybody may ask for new ones, so that the highest rate still sees something new each time. */
const portionMs = 10;
/** What a busy or sleeping machine owes beyond this is forgotten. */
const longestOwedMs = 250;

/** @param nowMs A clock that only goes forward. */
export function quotes(walk: Walk, nowMs: () => number): Source<Quote> {
  return async function* ({ signal, sleep }) {
    yield* walk.all();
    let paidMs = nowMs();
    while (!signal.aborted) {
      await sleep(portionMs);
      paidMs = Math.max(paidMs, nowMs() - longestOwedMs);
      const owed = Math.floor(((nowMs() - paidMs) * quotesPerSecond) / 1_000);
      paidMs += (owed * 1_000) / quotesPerSecond;
      for (let count = 0; count < owed; count += 1) yield walk.next();
    }
  };
}
