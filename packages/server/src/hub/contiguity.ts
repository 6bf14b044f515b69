// Contiguity: decides what may be appended to a tail, so that it never has a hole. Pure; it reads and writes nothing.
//
// Announcements may be lost, doubled, early or reordered. Each durable publication names the one before it: what links
// is appended, what is known is dropped, what comes early waits until history has filled the hole.
import type { Position } from "@tidewire/protocol";
import type { Publication } from "../engine/engine.ts";

/** What to do with an announcement. `rollback`: the log says something else at an offset that was read before (S8). */
export type Outcome = "append" | "drop" | "wait" | "rollback";

export interface WaitingLimits {
  readonly publications: number;
  readonly bytes: number;
}

interface Waiting {
  readonly ticket: number;
  readonly epoch: string;
  readonly publication: Publication;
}

const defaultLimits: WaitingLimits = { publications: 1_000, bytes: 1_048_576 };

export class Contiguity {
  #epoch: string;
  #offset: number;
  /** The id at `#offset`; `null` when it is not known. */
  #id: string | null;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #tickets = 0;
  /** The ticket at which so many waited that all were dropped. */
  #lost = 0;
  readonly #limits: WaitingLimits;

  constructor(start: Position, limits: WaitingLimits = defaultLimits) {
    this.#epoch = start.epoch;
    this.#offset = start.offset;
    this.#id = null;
    this.#limits = limits;
  }

  /** How many wait for a hole to be filled. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** What waits now has tickets up to this one. */
  get ticket(): number {
    return this.#tickets;
  }

  /** Whether announcements after that ticket were dropped: history has them, if it is read from now on. */
  hasLostSince(ticket: number): boolean {
    return this.#lost > ticket;
  }

  /** Where the next publication must link. */
  get position(): Position {
    return { epoch: this.#epoch, offset: this.#offset };
  }

  /** Numbering goes on from `position`, in whatever epoch. */
  restart(position: Position): void {
    this.#epoch = position.epoch;
    this.#offset = position.offset;
    this.#id = null;
  }

  /** Judges an announcement. On `append` the caller appends it, then takes `next` until it is `null`. */
  offer(epoch: string, publication: Publication): Outcome {
    const outcome = this.#judge(epoch, publication);
    if (outcome === "append") this.#advance(publication);
    if (outcome === "wait") this.wait(epoch, publication);
    return outcome;
  }

  /** Judges a publication read from history, which is in order: one that does not link there never will. */
  accept(publication: Publication): "append" | "drop" | "hole" | "rollback" {
    const outcome = this.#judgeDurable(publication);
    if (outcome === "append") this.#advance(publication);
    return outcome === "wait" ? "hole" : outcome;
  }

  /** Goes on from `publication`, whatever came before it: a page of a table has no links. */
  skipTo(publication: Publication): void {
    this.#advance(publication);
  }

  /** Goes on from `offset`: everything up to it that there still is was read. */
  reach(offset: number): void {
    if (offset > this.#offset) this.restart({ epoch: this.#epoch, offset });
  }

  /** What waited and may now be appended; it counts as appended. `rollback` as for an announcement. */
  next(): Publication | "rollback" | null {
    for (let index = 0; index < this.#waiting.length; index += 1) {
      const item = this.#waiting[index];
      if (item === undefined) break;
      const { publication } = item;
      // An ephemeral one keeps its place behind the durable ones that came before it.
      const outcome =
        publication.offset === 0 ? (index === 0 ? "append" : "wait") : this.#judge(item.epoch, publication);
      if (outcome === "wait") continue;
      this.#waiting.splice(index, 1);
      this.#waitingBytes -= publication.data.length;
      index -= 1;
      if (outcome === "rollback") return outcome;
      if (outcome !== "append") continue;
      this.#advance(publication);
      return publication;
    }
    return null;
  }

  /** Keeps an announcement for later. On overflow all of it is dropped, never a part: history has the durable ones. */
  wait(epoch: string, publication: Publication): void {
    this.#tickets += 1;
    this.#waiting.push({ ticket: this.#tickets, epoch, publication });
    this.#waitingBytes += publication.data.length;
    if (this.#waiting.length <= this.#limits.publications && this.#waitingBytes <= this.#limits.bytes) return;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#lost = this.#tickets;
  }

  /** Gives up on durable ones up to `ticket`: history was read since, to its top, and they are not in it. */
  forgetThrough(ticket: number): void {
    this.#waiting = this.#waiting.filter((item) => item.ticket > ticket || item.publication.offset === 0);
    this.#waitingBytes = this.#waiting.reduce((sum, item) => sum + item.publication.data.length, 0);
  }

  #judge(epoch: string, publication: Publication): Outcome {
    if (publication.offset === 0) return this.#waiting.length === 0 ? "append" : "wait";
    if (epoch !== this.#epoch) return "wait";
    return this.#judgeDurable(publication);
  }

  #judgeDurable(publication: Publication): Outcome {
    const { offset, previous } = publication;
    if (offset === this.#offset && this.#id !== null && this.#id !== publication.id) return "rollback";
    if (offset <= this.#offset) return "drop";
    const before = previous ?? { offset: 0, id: null };
    if (before.offset !== this.#offset) return "wait";
    const isOther = before.id !== null && this.#id !== null && before.id !== this.#id;
    return isOther ? "rollback" : "append";
  }

  #advance(publication: Publication): void {
    if (publication.offset === 0) return;
    this.#offset = publication.offset;
    this.#id = publication.id;
  }
}
