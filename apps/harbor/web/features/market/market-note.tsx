// One line that says whether the quotes are those of now, and why not.
import type { SubscriptionStatus } from "@tidewire/client";
import { whole } from "./words-for-quotes.ts";

interface MarketNoteProps {
  readonly status: SubscriptionStatus;
  readonly isPaused: boolean;
  readonly symbols: number;
  /** How many quotes have been published since the pause began; `null` where that is not known. */
  readonly passedOver: number | null;
}

export function MarketNote({ status, isPaused, symbols, passedOver }: MarketNoteProps) {
  const isUp = status.kind === "live" || status.kind === "paused";
  return (
    <p role="status" className="figures -mt-1 h-5 w-full truncate text-sm text-soft">
      {isUp && isPaused && `paused · ${whole(passedOver ?? 0)} quotes passed over`}
      {!isUp && "No connection. These are the last quotes that came; new ones come with it."}
      {isUp && !isPaused && symbols > 0 && `${whole(symbols)} symbols, each with its newest quote`}
    </p>
  );
}
