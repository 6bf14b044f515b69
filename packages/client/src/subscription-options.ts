// How a channel is subscribed to: what holds for all who have it open, and what each of them may want.

import type { Position } from "@tidewire/protocol";
import type { TokenSource } from "./tokens.ts";

/** How a channel without a definition is subscribed to. */
export interface PlainChannelOptions {
  /** Only a `stream` has a place to come back to. Default: `stream`. */
  readonly mode?: "signal" | "stream" | "latest";
  /** Whether to hear who joins and leaves. Default: false. */
  readonly presence?: boolean;
}

/** What one opener of a channel wants; all who have it open share one subscription. */
export interface OpenOptions {
  /** Rest while the page is hidden, if whoever else has the channel open wants it too. Default: false. */
  readonly pauseWhenHidden?: boolean;
  /**
   * How often a second the newest values may come, 0.1 to 60; for `latest` channels alone, others are refused with it.
   * The highest of all who have the channel open counts. Default: as often as they change.
   */
  readonly rate?: number;
  /** Begin after this position, for instance that of a page of history. Counts for the first to open. */
  readonly since?: Position;
  /**
   * Proves that this user may read the channel, where its name or the server wants that; a function is asked again
   * whenever the server wants another. Whoever gives one gives it for all who have the channel open; the newest counts.
   */
  readonly token?: TokenSource;
}
