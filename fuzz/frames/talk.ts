// What the driver and the server's process ask each other over IPC.

interface Question<Ask, Answer> {
  readonly ask: Ask;
  readonly answer: Answer;
}

/** How the server's process is. */
export interface Vitals {
  /** Held after a collection of garbage: heap and buffers. */
  readonly heldBytes: number;
  readonly rssBytes: number;
  readonly sessions: number;
  /** Milliseconds that the event loop was late, since the vitals before. */
  readonly loopDelayMs: { readonly p99: number; readonly max: number };
  /** What it logged as errors, the first few. */
  readonly errors: readonly string[];
  readonly errorCount: number;
}

export type FrameServerTalk = {
  readonly listen: Question<null, { readonly port: number }>;
  readonly vitals: Question<null, Vitals>;
  /** Publishes to the witness's channel, one number after the other, until `end`. */
  readonly begin: Question<null, null>;
  /** Answers how many were published. */
  readonly end: Question<null, { readonly published: number }>;
};
