// What the bench's processes ask each other over IPC, and the answers.

interface Question<Ask, Answer> {
  readonly ask: Ask;
  readonly answer: Answer;
}

export type Talk = Readonly<Record<string, Question<unknown, unknown>>>;

/** What is published in one phase. */
export interface Load {
  /** One digit, in every mark: what is left of an earlier phase is told apart. */
  readonly phase: number;
  /** Publications in a second, in bursts of `burst`. */
  readonly rate: number;
  readonly burst: number;
  readonly seconds: number;
  /** Bytes of one payload. */
  readonly bytes: number;
}

export interface Published {
  readonly count: number;
  /** The latest that a burst was behind its time. */
  readonly lagMs: number;
  /** It gave up because the server fell behind. */
  readonly gaveUp: boolean;
}

/** CPU of the process between `begin` and `end`. */
export interface Spent {
  readonly cpuUs: number;
  readonly wallUs: number;
}

export interface Memory {
  readonly rssBytes: number;
  /** Bytes waiting in the server's own process for its sockets, and how many sockets those are. */
  readonly unsentBytes: number;
  readonly fullSockets: number;
}

export type ServerTalk = {
  readonly listen: Question<null, { readonly port: number }>;
  /** After a collection of garbage. */
  readonly memory: Question<null, Memory>;
  readonly begin: Question<null, null>;
  readonly publish: Question<Load, Published>;
  readonly end: Question<null, Spent>;
};

export interface Dial {
  readonly port: number;
  /** Connections to open, numbered from `first`. */
  readonly first: number;
  readonly count: number;
  /** How many of them never read once they are open. */
  readonly stalled: number;
}

/** Deliveries of one phase; those that never read are not in it. */
export interface Counted {
  readonly received: number;
  readonly lost: number;
  readonly repeated: number;
  readonly reordered: number;
  /** Deliveries of another phase. */
  readonly strays: number;
}

export interface LoadReport extends Counted {
  /** Counts of deliveries by latency; see load/latency.ts. */
  readonly latencies: Uint32Array;
  /** Time from `begin` to the last delivery. */
  readonly lastMs: number;
  /** Connections that ended, or said what nobody understands. */
  readonly failed: number;
  /** Shares of the time from `begin` to the last delivery: CPU, and the event loop's work. */
  readonly cpuShare: number;
  readonly loopShare: number;
  readonly cpuUs: number;
}

export type LoadTalk = {
  readonly connect: Question<
    Dial,
    { readonly elapsedMs: number; readonly cpuShare: number; readonly loopShare: number }
  >;
  readonly begin: Question<{ readonly phase: number }, null>;
  /** Waits until everything has come, at most `graceMs` after the last delivery. */
  readonly finish: Question<{ readonly published: number; readonly graceMs: number }, LoadReport>;
};
