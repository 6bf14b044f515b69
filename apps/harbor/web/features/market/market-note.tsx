// One line that says whether the quotes are those of now, and why not.
import type { SubscriptionStatus } from "@tidewire/client";
import { spanOf } from "../../theme/words-for-time.ts";
import { whole } from "./words-for-quotes.ts";

interface MarketNoteProps {
  readonly status: SubscriptionStatus;
  readonly symbols: number;
  readonly isPaused: boolean;
  /** How many quotes have been published since the pause began; `null` where that is not known. */
  readonly passedOver: number | null;
  readonly lateMs: number;
}

/** Longer than an answer takes to come round the world. */
const worthSayingMs = 1_500;

export function MarketNote(props: MarketNoteProps) {
  return (
    <p role="status" className="figures -mt-1 h-5 w-full truncate text-sm text-soft">
      {/* At the beginning there is never a connection; that is worth saying only when it takes a moment. */}
      <span key={props.symbols === 0 ? "beginning" : "going on"} className={props.symbols === 0 ? "appears-late" : ""}>
        {wordsFor(props)}
      </span>
    </p>
  );
}

function wordsFor({ status, symbols, isPaused, passedOver, lateMs }: MarketNoteProps): string {
  const isUp = status.kind === "live" || status.kind === "paused";
  if (!isUp) {
    return symbols === 0
      ? "There is no connection yet. The quotes come with it."
      : "No connection. These are the last quotes.";
  }
  if (isPaused) return `paused · ${whole(passedOver ?? 0)} quotes passed over`;
  if (lateMs > worthSayingMs) return `A slow line: these are ${spanOf(lateMs)} old. Fewer would be newer.`;
  return symbols === 0 ? "" : `${whole(symbols)} symbols, each with its newest quote`;
}
