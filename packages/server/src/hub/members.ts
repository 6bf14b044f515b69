// The members of one channel, and the readers that are told who comes and goes; of a crowd, once in a while, how many.
import { fail, type Member, type SessionId } from "@tidewire/protocol";
import type { Clock } from "../ports/clock.ts";
import { Cursor } from "./cursor.ts";
import type { CursorHome } from "./cursor.ts";
import type { ChannelRef, Encoder } from "./encoder.ts";
import { LiveCursors } from "./live-cursors.ts";
import { MemberTable } from "./member-table.ts";
import type { Subscriber } from "./subscriber.ts";
import type { Due, Wheel } from "./wheel.ts";

export interface MembersOptions {
  /** Above so many they are a crowd. */
  readonly shown: number;
  readonly wheel: Wheel;
  readonly clock: Clock;
}

/** How often the readers of a crowd are told how many it has, in milliseconds; when that changed. */
const countEveryMs = 1_000;

export class Members implements CursorHome, Due {
  readonly name: string;
  readonly tail: MemberTable;
  readonly mode = "latest";
  readonly isUrgent = false;
  readonly wheel: Wheel;
  readonly clock: Clock;
  readonly #shown: number;
  readonly #live = new LiveCursors();
  #isCounting = false;

  constructor(channel: ChannelRef, { shown, wheel, clock }: MembersOptions) {
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
    return clients <= this.#shown
      ? this.tail.list()
      : fail("limit_exceeded", `presence shows at most ${this.#shown} members, here are ${clients}`);
  }

  add(member: Member): void {
    if (this.tail.add(member)) this.#changed();
  }

  remove(session: SessionId): void {
    if (this.tail.remove(session)) this.#changed();
  }

  /** A reader that is told of every change from now on; born held. */
  read(subscriber: Subscriber, encoder: Encoder): Cursor {
    const { head, position } = this.tail;
    return new Cursor({ subscriber, home: this, view: this.tail.join(encoder) }, { seq: head, position });
  }

  /** Gives memory back that nobody used since this was last called. */
  shrink(): void {
    this.tail.shrink();
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

  left(cursor: Cursor): void {
    this.tail.leave(cursor.view);
  }

  fetch(): never {
    throw new Error("a table has no history to fetch: nobody is behind it");
  }

  fetched(): void {
    // Nothing was.
  }

  #changed(): void {
    if (!this.tail.isCrowd) return this.#live.wake();
    if (this.#isCounting) return;
    this.#isCounting = true;
    this.wheel.schedule(this, countEveryMs);
  }
}
