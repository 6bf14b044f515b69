// What is so on this node: who is connected, which channels are occupied, who is in them; by version, for whoever reads on.
import type { Member, SessionId } from "@tidewire/protocol";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";
import { portionOf } from "./portion.ts";

/** Something that is so for a while, and is told when it begins and when it ends. */
export type Fact =
  | { readonly kind: "connection"; readonly session: SessionId; readonly user: string }
  | { readonly kind: "channel"; readonly channel: string }
  | {
      readonly kind: "member";
      readonly channel: string;
      /** "" for a guest without an account. */
      readonly user: string;
      /** Of a guest; a user with an account is one member however many sessions it has. */
      readonly session: SessionId | null;
      /** What it showed of itself when it came. */
      readonly info?: unknown;
    };

/** What became of a fact last. */
export interface FactEntry {
  readonly version: number;
  readonly fact: Fact;
  readonly holds: boolean;
  /** Whether its beginning was read, and so was told by somebody. */
  readonly isKnown: boolean;
  /** Wall-clock milliseconds since 1970. */
  readonly beganMs: number;
  /** `null` while it holds. */
  readonly endedMs: number | null;
  /** Why a connection ended. */
  readonly reason: string;
}

/** What a reader is given. */
export interface FactPage {
  /** Names this run of the process. */
  readonly node: string;
  /** The version that was read to. */
  readonly to: number;
  readonly hasMore: boolean;
  /** In the order in which they became so. */
  readonly entries: readonly FactEntry[];
}

/** Read for a page, which may have fewer. */
const mostEntries = 1_001;
/** Ended facts that nobody has read; above, the oldest are forgotten. */
const mostEnded = 50_000;

/** Names a fact: the same on each node. No name of a channel has a line feed in it. */
export function keyOf(fact: Fact): string {
  if (fact.kind === "connection") return `connection\n${fact.session}`;
  if (fact.kind === "channel") return `channel\n${fact.channel}`;
  return `member\n${fact.channel}\n${fact.session === null ? "user" : "guest"}\n${fact.session ?? fact.user}`;
}

/** @see FactEntry */
interface Kept extends FactEntry {
  /** The version at which it began: of one that holds, its beginning is known once that was read. */
  readonly beganAt: number;
}

export class Facts {
  readonly #node: string;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  /** By key, in the order of their versions; ended ones until they were read. */
  readonly #all = new Map<string, Kept>();
  /** Those of them that were not read yet. */
  readonly #unread = new Map<string, Kept>();
  /** How many sessions of this node make somebody a member. */
  readonly #sessions = new Map<string, number>();
  readonly #waiting = new Set<() => void>();
  #version = 0;
  #read = 0;
  #ended = 0;

  constructor(node: string, { clock, metrics }: { readonly clock: Clock; readonly metrics: Metrics }) {
    this.#node = node;
    this.#clock = clock;
    this.#metrics = metrics;
  }

  opened(session: SessionId, user: string): void {
    this.#begin({ kind: "connection", session, user });
  }

  closed(session: SessionId, user: string, reason: string): void {
    this.#end({ kind: "connection", session, user }, reason);
  }

  /** Somebody of this node listens to the channel, or nobody any more. */
  occupancy(channel: string, isOccupied: boolean): void {
    if (isOccupied) this.#begin({ kind: "channel", channel });
    else this.#end({ kind: "channel", channel }, "");
  }

  entered(channel: string, member: Member): void {
    const fact = memberFact(channel, member);
    const key = keyOf(fact);
    const sessions = (this.#sessions.get(key) ?? 0) + 1;
    this.#sessions.set(key, sessions);
    if (sessions === 1) this.#begin(fact);
  }

  left(channel: string, member: Member): void {
    const fact = memberFact(channel, member);
    const key = keyOf(fact);
    const sessions = (this.#sessions.get(key) ?? 1) - 1;
    if (sessions > 0) return void this.#sessions.set(key, sessions);
    this.#sessions.delete(key);
    this.#end(fact, "");
  }

  /** What changed after `since`, which its reader has safe: of that, what has ended is forgotten. */
  page(since: number): FactPage {
    // Somebody who begins anew reads what is so by now; what ended before was another reader's.
    const source = since >= this.#read ? this.#unread : this.#all;
    if (since > this.#read) this.#forget(since);
    const changed: FactEntry[] = [];
    for (const entry of source.values()) {
      if (entry.version <= since) continue;
      const { version, fact, holds, beganMs, endedMs, reason } = entry;
      changed.push({ version, fact, holds, isKnown: this.#isKnown(entry), beganMs, endedMs, reason });
      if (changed.length === mostEntries) break;
    }
    const entries = portionOf(changed);
    const hasMore = entries.length < changed.length;
    return { node: this.#node, to: entries.at(-1)?.version ?? since, hasMore, entries };
  }

  /** Resolves when all is read. */
  async allRead(): Promise<void> {
    if (this.#unread.size > 0) await new Promise<void>((resolve) => void this.#waiting.add(resolve));
  }

  #forget(upTo: number): void {
    this.#read = upTo;
    for (const [key, entry] of this.#unread) {
      if (entry.version > upTo) break;
      this.#unread.delete(key);
      if (!entry.holds) this.#drop(key);
    }
    if (this.#unread.size > 0) return;
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #begin(fact: Fact): void {
    const key = keyOf(fact);
    const known = this.#all.get(key);
    if (known?.holds === true) return;
    if (known !== undefined) this.#ended -= 1;
    // Nobody has read that it had ended: whoever was told that it began is told nothing.
    const isKnown = known?.isKnown === true;
    const beganAt = this.#version + 1;
    this.#put(key, { fact, holds: true, isKnown, beganAt, beganMs: this.#clock.wall(), endedMs: null, reason: "" });
  }

  #end(fact: Fact, reason: string): void {
    const key = keyOf(fact);
    const known = this.#all.get(key);
    if (known?.holds !== true) return;
    this.#ended += 1;
    this.#put(key, { ...known, holds: false, isKnown: this.#isKnown(known), endedMs: this.#clock.wall(), reason });
    if (this.#ended > mostEnded) this.#forgetOldest();
  }

  #isKnown({ holds, isKnown, beganAt }: Kept): boolean {
    return isKnown || (holds && beganAt <= this.#read);
  }

  #put(key: string, entry: Omit<Kept, "version">): void {
    this.#version += 1;
    const numbered = { ...entry, version: this.#version };
    for (const map of [this.#all, this.#unread]) {
      // Moved to the end.
      map.delete(key);
      map.set(key, numbered);
    }
  }

  #drop(key: string): void {
    this.#all.delete(key);
    this.#ended -= 1;
  }

  #forgetOldest(): void {
    for (const [key, { holds }] of this.#unread) {
      if (holds) continue;
      this.#unread.delete(key);
      this.#drop(key);
      this.#metrics.add("lifecycle_forgotten");
      return;
    }
  }
}

function memberFact(channel: string, { user, session, info }: Member): Fact {
  return {
    kind: "member",
    channel,
    user,
    session: user === "" ? session : null,
    ...(info !== undefined && { info }),
  };
}
