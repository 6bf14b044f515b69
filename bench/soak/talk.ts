// What the soak's processes ask each other over IPC, and the answers.
import type { Counts } from "./account.ts";

/** What the server's process holds, after a collection of garbage. */
export interface Held {
  readonly rssBytes: number;
  /** Resident memory that no file backs; `null` where the system does not tell. */
  readonly anonymousBytes: number | null;
  readonly heapTotalBytes: number;
  readonly heapUsedBytes: number;
  readonly externalBytes: number;
  readonly arrayBuffersBytes: number;
  /** `null` where the system does not tell. */
  readonly descriptors: number | null;
  /** What keeps the event loop alive, by kind: sockets, and what is being written. */
  readonly resources: Readonly<Record<string, number>>;
  readonly connections: number;
  readonly sessions: number;
  readonly channels: number;
  readonly subscriptions: number;
  /** Timers of the server that are waiting. */
  readonly timers: number;
  /** Of the database with its journal. */
  readonly databaseBytes: number;
  /** Since it was last asked. */
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
  readonly cpuShare: number;
}

/** How far the channels have come: of each the number of publications, or the newest number of each key. */
export type Tops = ReadonlyMap<string, number | ReadonlyMap<string, number>>;

export interface Ended {
  readonly tops: Tops;
  readonly published: number;
  readonly counters: Readonly<Record<string, number>>;
  /** Publications that did not get the offset that was theirs. */
  readonly misplaced: number;
}

export type SoakServerTalk = {
  readonly listen: { readonly ask: null; readonly answer: { readonly port: number; readonly pid: number } };
  /** Publishes so much a second from now on. */
  readonly publish: { readonly ask: { readonly perSecond: number }; readonly answer: null };
  readonly hold: { readonly ask: null; readonly answer: Held };
  readonly end: { readonly ask: null; readonly answer: Ended };
};

export interface CrowdOptions {
  readonly port: number;
  readonly visitors: number;
  /** How many of them never read. */
  readonly deaf: number;
  /** How many leave in a second, and how many come. */
  readonly churn: number;
}

export interface CrowdReport {
  readonly counts: Counts;
  readonly open: number;
  /** Who left, and who came, since the beginning. */
  readonly left: number;
  readonly came: number;
  readonly refusals: ReadonlyMap<string, number>;
  readonly endings: ReadonlyMap<string, number>;
  readonly cpuShare: number;
  readonly rssBytes: number;
}

export interface Storm {
  /** Until the last one was back. */
  readonly elapsedMs: number;
  /** Attempts to connect that came to nothing. */
  readonly failed: number;
  /** Subscriptions that have something to go on from, and how many of them did. */
  readonly eligible: number;
  readonly recovered: number;
}

export type SoakLoadTalk = {
  /** Resolves when all are there. */
  readonly fill: { readonly ask: CrowdOptions; readonly answer: null };
  /** Lets them come and go. */
  readonly live: { readonly ask: null; readonly answer: null };
  readonly report: { readonly ask: null; readonly answer: CrowdReport };
  /** They stay; resolves when no more of them come and go, and none is paused. */
  readonly rest: { readonly ask: null; readonly answer: null };
  /** Cuts everybody at once, without a word; resolves when all are back, each after its own wait. */
  readonly storm: { readonly ask: null; readonly answer: Storm };
  /** What has not come to those who are there. */
  readonly lacking: { readonly ask: { readonly tops: Tops }; readonly answer: number };
};
