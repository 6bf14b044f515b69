// A cursor: one subscription's place in a channel's log.
//
// It is in one state at a time, and the state says which collection holds it:
//   held      born here; nothing reaches the subscriber before its reply is queued
//   live      at the head; in the channel's list, woken by an append
//   ready     in its subscriber's outbox
//   resting   paused; in no list
//   reading   behind the tail; history is on its way
//   closed
// Its seq only grows.
import type { Position } from "@tidewire/protocol";
import type { Page } from "../engine/engine.ts";
import type { Bytes } from "./bytes.ts";
import type { Seq } from "./log.ts";
import type { Budget, Pullable, Pulled, Subscriber } from "./subscriber.ts";
import type { Tail } from "./tail.ts";
import type { View } from "./view.ts";

export type CursorState = "held" | "live" | "ready" | "resting" | "reading" | "closed";

/** What a cursor asks of its channel. */
export interface CursorHome {
  readonly name: string;
  readonly tail: Tail;
  /** Whether what fell off the tail can be read again. */
  readonly keepsHistory: boolean;
  /** Few enough subscribers that they go before a crowd's. */
  readonly isUrgent: boolean;
  /** Adds a cursor to those that an append wakes. */
  settle(cursor: Cursor): void;
  unsettle(cursor: Cursor): void;
  /** Fetches history after the cursor's position; ends in `cursor.arrived` or `cursor.failed`. */
  fetch(cursor: Cursor): void;
  /** The cursor has used the page, or needs none any more. */
  fetched(cursor: Cursor): void;
  /** Called once, when the cursor closes. */
  left(cursor: Cursor): void;
}

/** A page of history for one cursor, shared with others that asked for the same. */
export interface CatchUpPage {
  readonly page: Page;
  /** The frames of its publications but the first `from`: at most `maxBytes`, but at least one. */
  run(view: View, from: number, maxBytes: number): Bytes;
}

const later: Pulled = { kind: "later" };
const nothing: Pulled = { kind: "frames", frames: [], more: false };

export class Cursor implements Pullable {
  readonly subscriber: Subscriber;
  readonly home: CursorHome;
  readonly view: View;
  /** Index in the channel's list of live cursors; the list keeps it. */
  liveIndex = -1;
  #state: CursorState = "held";
  #seq: Seq;
  #position: Position;
  /** Not in the tail: `#position` alone says where the cursor is. */
  #isBehind: boolean;
  #page: CatchUpPage | null = null;
  /** How many publications of the page were pulled. */
  #taken = 0;
  /** A pause asked for before the release. */
  #isPaused = false;

  /** @param place The entry to start after, or `null` for a position behind the tail. */
  constructor(
    owner: { readonly subscriber: Subscriber; readonly home: CursorHome; readonly view: View },
    place: { readonly seq: Seq | null; readonly position: Position },
  ) {
    this.subscriber = owner.subscriber;
    this.home = owner.home;
    this.view = owner.view;
    this.#seq = place.seq ?? 0;
    this.#isBehind = place.seq === null;
    this.#position = place.position;
  }

  get state(): CursorState {
    return this.#state;
  }

  get channel(): string {
    return this.home.name;
  }

  get isUrgent(): boolean {
    return this.home.isUrgent;
  }

  /** What the client knows once everything pulled so far has reached it. */
  get position(): Position {
    return this.#position;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Lets it go: the reply that comes before its publications is queued. */
  release(): void {
    if (this.#state !== "held") return;
    if (!this.#isPaused) return this.#proceed();
    this.#state = "resting";
    this.#drop();
  }

  /** Puts it to rest. Nothing of it reaches the subscriber until `resume` (F1). */
  pause(): void {
    this.#isPaused = true;
    if (this.#state === "live") this.home.unsettle(this);
    // One that is ready or reading is in an outbox or waits for history: it comes to rest at its next pull or arrival.
    if (this.#state === "live") this.#state = "resting";
  }

  /** Goes on from where it rested; a signal channel, which promises nothing, goes on from now. */
  resume(): number {
    if (!this.#isPaused) return 0;
    this.#isPaused = false;
    const missed = this.home.keepsHistory || this.#state === "held" ? 0 : this.#skipToHead();
    if (this.#state === "resting") this.#proceed();
    return missed;
  }

  /** The channel appended something: called for live cursors alone, which the channel has taken from its list. */
  wake(): void {
    this.#state = "ready";
    this.subscriber.ready(this);
  }

  pull(budget: Budget): Pulled {
    if (this.#state !== "ready") return later;
    if (this.#isPaused) {
      this.#state = "resting";
      this.#drop();
      return later;
    }
    return this.#isBehind ? this.#pullHistory(budget) : this.#pullTail(budget);
  }

  /** History that is at hand before it was asked for. */
  hold(page: CatchUpPage): void {
    this.#page = page;
  }

  /** The history it waited for. */
  arrived(page: CatchUpPage): void {
    if (this.#state !== "reading") return;
    this.#page = page;
    this.#state = "ready";
    this.subscriber.ready(this);
  }

  /** History cannot be read now: it is asked for again when the engine is back. */
  failed(): void {
    if (this.#state !== "reading") return;
    this.#state = "ready";
    this.subscriber.ready(this);
  }

  close(): void {
    if (this.#state === "closed") return;
    if (this.#state === "live") this.home.unsettle(this);
    this.#state = "closed";
    this.#drop();
    this.home.left(this);
  }

  /** Live at the head, otherwise ready. */
  #proceed(): void {
    if (!this.#isBehind && this.#seq === this.home.tail.head) {
      this.#state = "live";
      this.home.settle(this);
      return;
    }
    this.#state = "ready";
    this.subscriber.ready(this);
  }

  #pullTail(budget: Budget): Pulled {
    const tail = this.home.tail;
    if (this.#seq === tail.head) return this.#settled(nothing);
    const run = tail.run(this.view, this.#seq, budget.pageBytes);
    if (run.kind === "fallen") return this.#fall();
    if (run.kind === "break") {
      const from = this.#position;
      this.#seq = run.to;
      this.#position = run.at;
      return { kind: "gap", from, to: run.at, skipped: null, more: true };
    }
    this.#seq = run.to;
    this.#position = run.at;
    return run.more ? run : this.#settled(run);
  }

  /** At the head again: an append wakes it. */
  #settled(pulled: Pulled): Pulled {
    this.#state = "live";
    this.home.settle(this);
    return pulled;
  }

  #fall(): Pulled {
    if (this.home.keepsHistory) {
      this.#isBehind = true;
      return this.#read();
    }
    const from = this.#position;
    const skipped = this.#skipToHead();
    this.#settled(nothing);
    return { kind: "gap", from, to: this.#position, skipped, more: false };
  }

  #skipToHead(): number {
    const tail = this.home.tail;
    const skipped = tail.between(this.#seq, tail.head);
    this.#seq = tail.head;
    this.#position = tail.position;
    return skipped;
  }

  /** Without a page at hand: back in the tail, ahead of it for a moment, or in need of history. */
  #pullBehind(budget: Budget): Pulled {
    this.#rejoin();
    if (!this.#isBehind) return this.#pullTail(budget);
    const { position } = this.home.tail;
    // History can show more than was announced so far: what comes is passed over up to here.
    const isAhead = position.epoch === this.#position.epoch && position.offset < this.#position.offset;
    return isAhead ? this.#settled(nothing) : this.#read();
  }

  #pullHistory(budget: Budget): Pulled {
    const held = this.#page;
    if (held === null) return this.#pullBehind(budget);
    const { page } = held;
    const from = this.#position;
    if (this.#taken === 0 && (page.top.epoch !== from.epoch || !continues(page, from))) return this.#jump(page.top);
    const { frames, to } = held.run(this.view, this.#taken, budget.pageBytes);
    this.#taken = to;
    const last = page.publications[to - 1];
    if (last !== undefined) this.#position = { epoch: from.epoch, offset: last.offset };
    if (to < page.publications.length) return { kind: "frames", frames, more: true };
    this.#drop();
    this.#rejoin();
    return { kind: "frames", frames, more: this.#afterHistory() };
  }

  /** History no longer reaches back to here, or another epoch is in force. */
  #jump(top: Position): Pulled {
    const from = this.#position;
    this.#drop();
    this.#position = top;
    this.#rejoin();
    return { kind: "gap", from, to: top, skipped: null, more: this.#afterHistory() };
  }

  #rejoin(): void {
    const seq = this.home.tail.seqOf(this.#position);
    if (seq === null) return;
    this.#seq = seq;
    this.#isBehind = false;
  }

  /** True when the cursor stays ready. */
  #afterHistory(): boolean {
    if (this.#isBehind || this.#seq < this.home.tail.head) return true;
    this.#state = "live";
    this.home.settle(this);
    return false;
  }

  /** Gives the page back, so that the subscriber's next cursor may read: one page at a time is held for each. */
  #drop(): void {
    this.#page = null;
    this.#taken = 0;
    this.home.fetched(this);
  }

  #read(): Pulled {
    this.#state = "reading";
    this.home.fetch(this);
    return later;
  }
}

/** Whether the page goes on exactly where `position` ends: S3, S5. */
export function continues(page: Page, position: Position): boolean {
  const first = page.publications[0];
  if (first === undefined) return page.top.offset === position.offset;
  return (first.previous?.offset ?? 0) === position.offset;
}
