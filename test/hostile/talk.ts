// What the processes of a trial ask each other: the one that is attacked, and the bystanders'.
import type { Limits, Stats } from "@tidewire/server";
import type { Standing } from "./standing.ts";

interface Question<Ask, Answer> {
  readonly ask: Ask;
  readonly answer: Answer;
}

export interface VictimOptions {
  readonly limits: Partial<Limits>;
  readonly compression: boolean;
  /** How long a request's header may take, in milliseconds, and how often Node looks. */
  readonly headersMs: number;
  readonly lookMs: number;
}

export interface Look {
  /** After collections of garbage: the heap, and buffers outside it. */
  readonly heldBytes: number;
}

/** Since it was asked last. */
export interface Watched {
  /** The largest resident set that was seen, looked at every 50 ms. */
  readonly peakRssBytes: number;
  /** Now. */
  readonly rssBytes: number;
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
}

export interface Burst {
  readonly count: number;
  readonly bytes: number;
}

export type VictimTalk = {
  readonly listen: Question<null, { readonly port: number }>;
  readonly look: Question<null, Look>;
  /** Without collecting anything. */
  readonly stats: Question<null, Stats>;
  readonly watch: Question<null, Watched>;
  /** Whether its event loop is watched from now on; it is at first. */
  readonly watchLoop: Question<{ readonly isWatched: boolean }, null>;
  /** Publishes to the channel `crowd`, a few in each turn of the event loop. */
  readonly publish: Question<Burst, null>;
};

/** What the bystanders published and heard. */
export interface Heard {
  readonly published: number;
  readonly lost: number;
  readonly repeated: number;
  readonly reordered: number;
  /** Connections that ended, and publishes that were refused. */
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export type BystanderTalk = {
  readonly begin: Question<{ readonly port: number }, null>;
  /** Of the time since `begin` or the last `report`; waits for what is still on its way. */
  readonly report: Question<null, Heard>;
  /** Says nothing for so long, once all has arrived. */
  readonly rest: Question<{ readonly ms: number }, null>;
  /** Before all others on this machine, where it may. */
  readonly standFirst: Question<null, { readonly standing: Standing }>;
};
