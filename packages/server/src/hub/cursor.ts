// A cursor: one subscription's place in a channel's log.
//
// It is in one state at a time, and the state says which collection holds it:
//   held      born here; nothing reaches the subscriber before its reply is queued
//   live      at the head; in the channel's list, woken by an append
//   ready     in its subscriber's outbox
//   resting   paused, in no list; or rated, on the wheel until its next pull is due
//   reading   behind the tail; history is on its way
//   closed
// Its seq only grows; a reader of a table that missed removals reads it anew, from its start.
import type { Position } from "@tidewire/protocol";
import type { Bounds } from "./channel-log.ts";
import { type CatchUpPage, continues } from "./catch-up-page.ts";
import type { HomeOf } from "./cursor-home.ts";
import { cut } from "./cut.ts";
import type { Run, Seq } from "./log.ts";
import { Pace } from "./pace.ts";
import type { Budget, Pullable, Pulled, Subscriber } from "./subscriber.ts";
import type { View } from "./view.ts";
import type { Due, DueAt } from "./wheel.ts";

export type CursorState = "held" | "live" | "ready" | "resting" | "reading" | "closed";

/** Where a cursor lives. */
export type CursorHome = HomeOf<Cursor>;

const later: Pulled = { kind: "later" };
/** A reading gives one entry at least. */
const oneEntry: Bounds = { pageBytes: 1 };
const fallen: Run = { kind: "fallen" };
const nothing: Pulled = { kind: "frames", frames: [], more: false };

export class Cursor implements Pullable, Due {
  readonly subscriber: Subscriber;
  readonly home: CursorHome;
  readonly view: View;
  /** Where `view` says what has changed: the one to begin with. */
  readonly whole: View | null;
  /** Index in the channel's list of live cursors; the list keeps it. */
  liveIndex = -1;
  dueAt: DueAt | null = null;
  dueSlot = 0;
  #state: CursorState = "held";
  #seq: Seq;
  #position: Position;
  /** Not in the tail: `#position` alone says where the cursor is. */
  #isBehind: boolean;
  #page: CatchUpPage | null = null;
  /** There is no page to be had of what it missed. */
  #isLost = false;
  /** How many publications of the page were pulled. */
  #taken = 0;
  /** A pause asked for before the release. */
  #isPaused = false;
  #pace: Pace | null = null;
  /** Where the head was when the rated pull began that is not yet at its end. */
  #target: Seq | null = null;
  /** What the last pull left of a run that is whole only with all its pages. */
  #next: Run | null = null;
  /** What comes next is said to follow what the subscriber was given last: so `view` may say what has changed. */
  #hasBase = false;
  /** The log's floor when this reader began: what was forgotten by then it never knew. */
  #began: Seq;

  /** @param place The entry to start after, or `null` for a position behind the tail. */
  constructor(
    owner: {
      readonly subscriber: Subscriber;
      readonly home: CursorHome;
      readonly view: View;
      readonly whole?: View | null;
    },
    place: { readonly seq: Seq | null; readonly position: Position },
  ) {
    this.subscriber = owner.subscriber;
    this.home = owner.home;
    this.view = owner.view;
    this.whole = owner.whole ?? null;
    this.#seq = place.seq ?? 0;
    this.#isBehind = place.seq === null;
    this.#position = place.position;
    this.#began = owner.home.tail.floor;
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

  /** Whether what was last read is not pulled to its end. */
  get isAmid(): boolean {
    return this.#next !== null;
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
    if (this.#pace !== null) this.home.wheel.cancel(this);
    // One that is ready or reading is in an outbox or waits for history: it comes to rest at its next pull or arrival.
    if (this.#state === "live") this.#state = "resting";
  }

  /** Goes on from where it rested; a signal channel, which promises nothing, goes on from now. */
  resume(): number {
    if (!this.#isPaused) return 0;
    this.#isPaused = false;
    const missed = this.home.mode !== "signal" || this.#state === "held" ? 0 : this.#skipToHead();
    if (this.#state === "resting") this.#proceed();
    return missed;
  }

  /** At most so many pulls a second from now on, each of which carries every key that changed once (F5). */
  rate(perSecond: number): void {
    this.#pace = new Pace(perSecond, this.#pace);
    if (this.#state !== "resting" || this.#isPaused) return;
    this.home.wheel.cancel(this);
    this.#rest(this.#pace);
  }

  /** The wheel says that its next pull is due. */
  due(): void {
    if (this.#state !== "resting" || this.#isPaused) return;
    this.#state = "ready";
    this.subscriber.ready(this);
  }

  /** The channel appended something: called for live cursors alone, which the channel has taken from its list. */
  wake(): void {
    if (this.#pace !== null) return this.#rest(this.#pace);
    this.#state = "ready";
    this.subscriber.ready(this);
  }

  pull(budget: Budget): Pulled {
    if (this.#state !== "ready") return later;
    if (this.#isPaused) {
      this.#state = "resting";
      this.#target = null;
      // What is left of a table's reading is older than what it goes on with: its place is still before all of it.
      if (!this.home.hasWholes) this.#next = null;
      this.#drop();
      return later;
    }
    if (this.#pace !== null) return this.#pullPaced(this.#pace, budget);
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

  /** History cannot be read, now or later: it goes on at the head, and is told so. */
  lost(): void {
    this.#isLost = this.#state === "reading";
    this.failed();
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
    if (this.#pace !== null) this.home.wheel.cancel(this);
    this.#state = "closed";
    this.#drop();
    this.home.left(this);
  }

  /** Live at the head, otherwise ready. */
  #proceed(): void {
    if (!this.#isBehind && this.#seq >= this.home.tail.head) {
      this.#state = "live";
      this.home.settle(this);
      return;
    }
    if (this.#pace?.mayPull(this.home.clock.now()) === false) return this.#rest(this.#pace);
    this.#state = "ready";
    this.subscriber.ready(this);
  }

  #pullTail(budget: Budget): Pulled {
    const { tail } = this.home;
    if (this.#seq >= tail.head) return this.#settled(nothing);
    const run = this.whole === null || this.#hasBase ? this.#run(budget) : this.#begin(this.whole);
    if (run.kind === "fallen") return this.#fall(budget);
    if (run.kind === "break") return this.#break(run);
    return run.more ? run : this.#settled(run);
  }

  /** A pull may take several pages; it ends where the head was when it began, so that it carries no key twice. */
  #pullPaced(pace: Pace, budget: Budget): Pulled {
    const { tail, clock } = this.home;
    if (this.#seq >= tail.head) return this.#settled(nothing);
    this.#target ??= tail.head;
    const run = this.#run(budget, this.#target);
    if (run.kind === "frames" && run.to < this.#target) return { kind: "frames", frames: run.frames, more: true };
    this.#target = null;
    pace.pulled(clock.now());
    if (run.kind === "fallen") return this.#fall(budget);
    if (run.kind === "break") return this.#break(run);
    if (this.#seq < tail.head) this.#rest(pace);
    else this.#settled(run);
    return { kind: "frames", frames: run.frames, more: false };
  }

  /** Reads on from here, and moves there. */
  #run(budget: Budget, upTo?: Seq): Run {
    const { pageBytes, tableBytes } = budget;
    const { tail } = this.home;
    if (tail.hasLost(this.#seq, this.#began)) return fallen;
    const held = this.#next;
    const isCut = this.home.mode === "latest" && pageBytes < tableBytes;
    const bounds = isCut ? { pageBytes: tableBytes } : budget;
    const whole = held ?? tail.run(this.view, this.#seq, upTo === undefined ? bounds : { ...bounds, upTo });
    if (whole.kind !== "frames") return whole;
    const run = isCut ? cut(whole, { pageBytes, seq: this.#seq, position: this.#position }) : whole;
    this.home.delivered(run.count ?? run.to - this.#seq);
    this.#next = run.next ?? null;
    this.#seq = run.to;
    this.#position = run.at;
    // What was held does not know of what came since.
    return held === null ? run : { ...run, more: run.more || run.to < tail.head };
  }

  /** One publication, said by itself. */
  #begin(whole: View): Run {
    const run = this.home.tail.run(whole, this.#seq, oneEntry);
    if (run.kind !== "frames") return run;
    this.home.delivered(run.count ?? run.to - this.#seq);
    this.#hasBase = run.frames.length > 0;
    this.#seq = run.to;
    this.#position = run.at;
    return run;
  }

  #break(run: Extract<Run, { kind: "break" }>): Pulled {
    const from = this.#position;
    this.#next = null;
    this.#hasBase = false;
    this.#seq = run.to;
    this.#position = run.at;
    this.#began = this.home.tail.floor;
    return { kind: "gap", from, to: run.at, skipped: null, more: true };
  }

  /** Until its next pull is due. */
  #rest(pace: Pace): void {
    const { wheel, clock } = this.home;
    this.#state = "resting";
    wheel.schedule(this, pace.waitMs(clock.now()));
  }

  /** At the head again: an append wakes it. */
  #settled(pulled: Pulled): Pulled {
    this.#state = "live";
    this.home.settle(this);
    return pulled;
  }

  #fall(budget: Budget): Pulled {
    if (this.home.mode === "stream") {
      this.#isBehind = true;
      // What is gone may all have been passing: history would have nothing to say.
      this.#rejoin();
      return this.#isBehind ? this.#read() : this.#pullTail(budget);
    }
    const from = this.#position;
    if (this.home.mode === "latest") {
      const { seq, position } = this.home.tail.start;
      return this.#break({ kind: "break", to: seq, at: position });
    }
    const skipped = this.#skipToHead();
    this.#settled(nothing);
    return { kind: "gap", from, to: this.#position, skipped, more: false };
  }

  #skipToHead(): number {
    const tail = this.home.tail;
    const skipped = tail.between(this.#seq, tail.head);
    this.#hasBase = false;
    this.#seq = tail.head;
    this.#position = tail.position;
    return skipped;
  }

  /** Without a page at hand: back in the tail, ahead of it for a moment, or in need of history. */
  #pullBehind(budget: Budget): Pulled {
    const isLost = this.#isLost;
    this.#isLost = false;
    this.#rejoin();
    const { position } = this.home.tail;
    // History can show more than was announced so far: what comes is passed over up to here.
    const isAhead = position.epoch === this.#position.epoch && position.offset < this.#position.offset;
    if (this.#isBehind && !isAhead) return isLost ? this.#jump(position) : this.#read();
    // A read that failed, or found nothing yet, has left it the turn: its subscriber's other cursors wait for that.
    this.home.fetched(this);
    return this.#isBehind ? this.#settled(nothing) : this.#pullTail(budget);
  }

  #pullHistory(budget: Budget): Pulled {
    const held = this.#page;
    if (held === null) return this.#pullBehind(budget);
    const { page } = held;
    const from = this.#position;
    if (this.#taken === 0 && (page.top.epoch !== from.epoch || !continues(page, from))) return this.#jump(page.top);
    const { frames, count, to } = held.run(this.view, this.#taken, budget.pageBytes);
    this.home.delivered(count);
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
    // What stands before its place there may be passing, and in no history.
    this.#hasBase = false;
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
