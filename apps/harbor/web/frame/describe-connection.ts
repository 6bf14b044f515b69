// Says in plain words how the connection is.
import type { ConnectionState } from "@tidewire/client";
import type { Tone } from "../theme/tone-dots.ts";

export interface Described {
  readonly tone: Tone;
  /** One or a few words, always in sight. */
  readonly word: string;
  /** What is going on, what is kept, what happens next. */
  readonly sentence: string;
}

/** @param nowMs Milliseconds since 1970. */
export function describeConnection(state: ConnectionState, nowMs: number): Described {
  switch (state.kind) {
    case "idle":
      return { tone: "still", word: "Starting", sentence: "The page is getting ready to connect." };
    case "connecting":
      return state.attempt <= 1
        ? { tone: "busy", word: "Connecting", sentence: "Asking the server for a connection." }
        : { tone: "busy", word: "Reconnecting", sentence: `Trying again, for the ${ordinal(state.attempt)} time.` };
    case "connected":
      return { tone: "good", word: "Live", sentence: "What others write is here the moment they send it." };
    case "waiting": {
      const seconds = Math.max(0, Math.ceil((state.retryAtMs - nowMs) / 1_000));
      return {
        tone: "busy",
        word: seconds === 0 ? "Reconnecting" : `Reconnecting in ${seconds} s`,
        sentence: "The connection was lost. What you write is kept here and goes out when it is back.",
      };
    }
    case "offline":
      return {
        tone: "bad",
        word: "Offline",
        sentence: "There is no network. What you write is kept here and goes out when you are back online.",
      };
    case "closed":
      return {
        tone: "bad",
        word: "Closed",
        sentence: "The server ended this connection. Connect again, or reload the page.",
      };
  }
}

function ordinal(count: number): string {
  const endings: Readonly<Record<string, string>> = { one: "st", two: "nd", few: "rd", other: "th" };
  return `${count}${endings[new Intl.PluralRules("en", { type: "ordinal" }).select(count)] ?? "th"}`;
}
