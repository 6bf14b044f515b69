// The members of one channel, and the readers that are told who comes and goes; of a crowd, once in a while, how many.
import { fail, type Member, type SessionId } from "@tidewire/protocol";
import type { EngineMembers } from "../engine/engine.ts";
import type { Facts } from "../lifecycle/facts.ts";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";
import { Cursor } from "./cursor.ts";
import type { CursorHome } from "./cursor.ts";
import type { ChannelRef, Encoder } from "./encoder.ts";
import { LiveCursors } from "./live-cursors.ts";
import type { Seq } from "./log.ts";
import { MemberTable } from "./member-table.ts";
import type { Subscriber } from "./subscriber.ts";
import type { Due, DueAt, Wheel } from "./wheel.ts";

export interface MembersOptions {
  /** Above so many they are a crowd. */
  readonly shown: number;
  readonly wheel: Wheel;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Who is at other nodes; `null` where there are none. */
  readonly others: EngineMembers | null;
  readonly facts: Facts | null;
}

/** How often the readers of a crowd are told how many it has, in milliseconds; when that changed. */
const countEveryMs = 1_000;

export class Members implements CursorHome, Due {
  readonly name: string;
  readonly tail: MemberTable;
  readonly mode = "latest";
  readonly hasWholes = true;
  readonly isUrgent = false;
  readonly wheel: Wheel;
  readonly clock: Clock;
  readonly #metrics: Metrics;
  readonly #shown: number;
  readonly #live = new LiveCursors();
  readonly #readers = new Set<Cursor>();
  readonly #others: EngineMembers | null;
  readonly #facts: Facts | null;
  dueAt: DueAt | null = null;
  dueSlot = 0;
  #isCounting = false;
  #isWatching = false;

  constructor(channel: ChannelRef, { shown, wheel, clock, metrics, others, facts }: MembersOptions) {
    this.#others = others;
    this.#facts = facts;
    this.#metrics = metrics;
    this.name = channel.name;
    this.tail = new MemberTable(channel, shown);
    this.wheel = wheel;
    this.clock = clock;
    this.#shown = shown;
  }

  /** How many sessions, and how many different users among them, are here. */
  get counts(): { readonly clients: number; readonly users: number } {
    return this.tail.counts;
  }

  /** Of memory held, roughly. */
  get bytes(): number {
    return this.tail.bytes;
  }

  /** @throws {TidewireError} `limit_exceeded` when more are here than are shown. */
  list(): readonly Member[] {
    const { clients } = this.counts;
    // Until a crowd is said to be over, nobody is told of the changes that would go with a list.
    if (clients <= this.#shown && !this.tail.isCrowd) return this.tail.list();
    this.#metrics.hit("membersShown");
    const here = clients <= this.#shown ? "here were more a moment ago" : `here are ${clients}`;
    return fail("limit_exceeded", `presence shows at most ${this.#shown} members, ${here}`);
  }

  add(member: Member): void {
    if (this.tail.add(member)) this.#changed();
  }

  remove(session: SessionId): void {
    if (this.tail.remove(session)) this.#changed();
  }

  /** A session of this node is here, which the other nodes are told of. */
  welcome(member: Member): void {
    this.add(member);
    this.#others?.enter(this.name, member);
    this.#facts?.entered(this.name, member);
  }

  dismiss(member: Member): void {
    this.remove(member.session);
    this.#others?.leave(this.name, member.session);
    this.#facts?.left(this.name, member);
  }

  /** Resolves when everybody is here who is at another node; from then on they come and leave. */
  async watch(): Promise<void> {
    this.#isWatching = true;
    await this.#others?.watch(this.name, ({ kind, member }) => {
      if (!this.#isWatching) return;
      if (kind === "join") this.add(member);
      else this.remove(member.session);
    });
    // It was closed meanwhile.
    if (!this.#isWatching) this.#others?.unwatch(this.name);
  }

  unwatch(): void {
    this.#isWatching = false;
    this.#others?.unwatch(this.name);
  }

  /** A reader that is told of every change from now on; born held. */
  read(subscriber: Subscriber, encoder: Encoder): Cursor {
    const { head, position } = this.tail;
    const view = this.tail.join(encoder);
    const cursor = new Cursor({ subscriber, home: this, view }, { seq: head, position });
    this.#readers.add(cursor);
    return cursor;
  }

  /** Gives memory back: of what nobody used since this was last called, and of those whose leaving nobody is to be told. */
  shrink(): void {
    this.tail.shrink();
    const behind = this.tail.isCrowd ? null : this.#behind();
    if (behind !== null) this.tail.forgetGone(behind);
  }

  /** A crowd is counted again. */
  due(): void {
    this.#isCounting = false;
    this.tail.count();
    this.#live.wake();
  }

  settle(cursor: Cursor): void {
    this.#live.add(cursor);
  }

  unsettle(cursor: Cursor): void {
    this.#live.remove(cursor);
  }

  /** Who comes and goes is no publication. */
  delivered(): void {}

  left(cursor: Cursor): void {
    this.#readers.delete(cursor);
    this.tail.leave(cursor.view);
  }

  fetch(): never {
    throw new Error("a table has no history to fetch: nobody is behind it");
  }

  fetched(): void {
    // Nothing was.
  }

  /** Where the readers stand that are not at the head; `null` while one of them holds pages that say more than its place. */
  #behind(): readonly Seq[] | null {
    if (this.#live.size === this.#readers.size) return [];
    const places = new Set<Seq>();
    for (const cursor of this.#readers) {
      if (cursor.isAmid) return null;
      if (cursor.liveIndex === -1) places.add(cursor.position.offset);
    }
    return [...places];
  }

  #changed(): void {
    if (!this.tail.isCrowd) return this.#live.wake();
    if (this.#isCounting) return;
    this.#isCounting = true;
    this.wheel.schedule(this, countEveryMs);
  }
}
