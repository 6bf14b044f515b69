// What the processes of a measurement ask each other, and the answers.
import type { Wire } from "./load/speech.ts";

interface Question<Ask, Answer> {
  readonly ask: Ask;
  readonly answer: Answer;
}

export type Talk = Readonly<Record<string, Question<unknown, unknown>>>;

/** Where publications go, in turn: channels, or the keys of one `latest` channel. */
export interface Spread {
  readonly of: "channels" | "keys";
  /** The number of the first one. */
  readonly first: number;
  readonly count: number;
}

/** Everything to channel 0. */
export const oneChannel: Spread = { of: "channels", first: 0, count: 1 };

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
  /** Default: the one channel 0. */
  readonly spread?: Spread;
  /** How many of this phase were published before. Default: none. */
  readonly after?: number;
}

export interface Published {
  /** Those before this load included. */
  readonly count: number;
  /** The latest that a burst was behind its time. */
  readonly lagMs: number;
  /** It gave up because the server fell behind. */
  readonly gaveUp: boolean;
}

/** How many of `count` publications went to `place`. */
export function countAt(count: number, { first, count: places }: Spread, place: number): number {
  const index = place - first;
  return index < 0 || index >= places ? 0 : Math.floor((count - index - 1) / places) + 1;
}

/** What the server's process spent between `begin` and `end`. */
export interface Spent {
  readonly cpuUs: number;
  readonly wallUs: number;
  /** How late its event loop was, 99 times of a hundred at most; `null` where there is none, or nobody can see. */
  readonly loopP99Ms: number | null;
  /** Of several processes, by the one that spent most. Default: all of it, by the only one. */
  readonly busiestUs?: number;
}

export interface Memory {
  readonly rssBytes: number;
  /** Bytes waiting in the server's own process for its sockets, and how many sockets those are; `null`: nobody can see. */
  readonly unsentBytes: number | null;
  readonly fullSockets: number | null;
}

/** A server that is measured; what cannot be known of it is `null`. */
export type ServerTalk = {
  /** Port 0: a free one. */
  readonly listen: Question<{ readonly port: number }, { readonly host: string; readonly port: number }>;
  /** After a collection of garbage. */
  readonly memory: Question<null, Memory | null>;
  readonly begin: Question<null, null>;
  readonly publish: Question<Load, Published>;
  readonly end: Question<null, Spent | null>;
};

/** Connections that subscribe in the same way, in load processes of their own. */
export interface GroupSpec {
  readonly wire: Wire;
  /** The channel's name; `{n}` in it stands for the number. */
  readonly channel: string;
  /** Channels of its own for each connection, numbered on from those of the one before; 0: all are on channel `first`. */
  readonly own: number;
  readonly first: number;
  /** Whether it is a `latest` channel, of whose values some may be passed over; and pulls a second. */
  readonly isLatest: boolean;
  readonly rate: number | null;
  /** Whether connections that are lost come back, as Tidewire's client does. */
  readonly returns: boolean;
  /** The path to ask for; `null`: the wire's own. */
  readonly path: string | null;
}

/** Connections to open. */
export interface Dial {
  readonly host: string;
  readonly port: number;
  /** The first three bytes of the addresses to dial from, such as `127.1.1`; `null`: whichever. */
  readonly network: string | null;
  /** Connections to open, numbered from `first`. */
  readonly first: number;
  readonly count: number;
  /** How many of them never read once they are open. */
  readonly stalled: number;
  /** Where they begin, instead of at the head: the first after 0 publications, the last after nearly `behind`; at rest. */
  readonly places: { readonly count: number; readonly behind: number; readonly epoch: string } | null;
}

/** Deliveries of one phase; those that never read are not in it. */
export interface Counted {
  /** What was due to them, passed over on `latest` channels left out. */
  readonly expected: number;
  readonly received: number;
  readonly lost: number;
  readonly repeated: number;
  readonly reordered: number;
  /** Deliveries of another phase, or of a channel that nobody asked for. */
  readonly strays: number;
}

/** A share of the time between two moments. */
export interface Shares {
  readonly cpuUs: number;
  readonly cpuShare: number;
  readonly loopShare: number;
}

export interface LoadReport extends Counted, Shares {
  /** Counts of deliveries by latency; see load/latency.ts. */
  readonly latencies: Uint32Array;
  /** Time from `begin` to the last delivery. */
  readonly lastMs: number;
  /** Connections that ended, or said what nobody understands. */
  readonly failed: number;
}

/** Connections that were lost and came back by themselves. */
export interface Returned {
  /** How many of them wait still. */
  readonly away: number;
  readonly back: number;
  readonly recovered: number;
  /** Attempts that failed. */
  readonly refused: number;
  /** Counts of the times from the loss to the subscription, as latencies. */
  readonly awayTimes: Uint32Array;
}

export type LoadTalk = {
  readonly connect: Question<Dial, Shares & { readonly elapsedMs: number; readonly epoch: string }>;
  /** Begins to count; `isAnew`: from the head, otherwise from where each stands. */
  readonly begin: Question<{ readonly phase: number; readonly after: number; readonly isAnew: boolean }, null>;
  /** Lets those go on that are at rest. */
  readonly resume: Question<null, null>;
  readonly returned: Question<null, Returned>;
  /** Waits until everything has come, at most `graceMs` after the last delivery. */
  readonly finish: Question<
    { readonly published: number; readonly spread: Spread; readonly graceMs: number },
    LoadReport
  >;
};
