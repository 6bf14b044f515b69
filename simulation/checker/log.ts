// The log of one channel, as far as the records tell it: which op stands at which place, in which epoch.
import type { Position } from "@tidewire/protocol";
import type { Mode, Op } from "./records.ts";

export interface Entry {
  readonly position: Position;
  readonly op: Op;
  /** The offset before it, and the op there; `null` where nobody told. */
  readonly previous: number;
  readonly previousOp: Op | null;
  readonly key: string | null;
  readonly isRemoved: boolean;
}

interface Epoch {
  readonly entries: Map<number, Entry>;
  /** Those that a fault of the store took out of the log: who had them already had them rightly. */
  readonly gone: Entry[];
  /** Below this nothing is remembered. */
  forgotten: number;
}

/** So many epochs of a channel are remembered. */
const keptEpochs = 8;

export class Log {
  readonly mode: Mode;
  readonly told: "live" | "after" | "unknown";
  readonly #epochs = new Map<string, Epoch>();
  #epoch: string | null = null;
  #top = 0;
  #floor = 0;
  /** Acked, and not yet in what was told of the log. */
  readonly #owed = new Map<Op, Position>();
  /** Of each key the newest version, in the epoch in force. */
  readonly #keys = new Map<string, Entry>();

  constructor(mode: Mode, told: "live" | "after" | "unknown") {
    this.mode = mode;
    this.told = told;
  }

  /** `null` before anything was told. */
  get head(): Position | null {
    return this.#epoch === null ? null : { epoch: this.#epoch, offset: this.#top };
  }

  get floor(): number {
    return this.#floor;
  }

  /** Entries that are held. */
  get size(): number {
    let sum = 0;
    for (const { entries, gone } of this.#epochs.values()) sum += entries.size + gone.length;
    return sum;
  }

  get keys(): ReadonlyMap<string, Entry> {
    return this.#keys;
  }

  get owed(): ReadonlyMap<Op, Position> {
    return this.#owed;
  }

  /** The entry that `op` has at this place; what else stands there, if anything does. */
  find(position: Position, op: Op): Entry | "another" | "nothing" {
    const epoch = this.#epochs.get(position.epoch);
    const entry = epoch?.entries.get(position.offset);
    if (entry !== undefined && entry.op === op) return entry;
    const gone = epoch?.gone.find((old) => old.position.offset === position.offset && old.op === op);
    return gone ?? (entry === undefined ? "nothing" : "another");
  }

  /** What stands there in the log as it is now. */
  at(position: Position): Entry | null {
    return this.#epochs.get(position.epoch)?.entries.get(position.offset) ?? null;
  }

  /** False when the place is another's. */
  append(told: Omit<Entry, "previousOp">): boolean {
    if (!this.#place(told)) return false;
    this.#owed.delete(told.op);
    return true;
  }

  #place(told: Omit<Entry, "previousOp">): boolean {
    const { epoch, offset } = told.position;
    const { entries } = this.#of(epoch);
    const known = entries.get(offset);
    if (known !== undefined && known.op !== told.op) return false;
    const entry: Entry = { ...told, previousOp: entries.get(told.previous)?.op ?? null };
    entries.set(offset, entry);
    if (epoch !== this.#epoch && this.told === "live") this.begin(told.position);
    this.#epoch ??= epoch;
    if (epoch !== this.#epoch) return true;
    this.#top = Math.max(this.#top, offset);
    if (entry.key !== null) this.#keys.set(entry.key, entry);
    return true;
  }

  /** What nobody told, but somebody was given. False when the place is another's. */
  learn(position: Position, op: Op): boolean {
    if (this.find(position, op) === "another") return false;
    const { offset } = position;
    // Where the log is told afterwards, it has to have this too.
    const isNew = this.find(position, op) === "nothing";
    if (isNew && this.told === "after") this.owe(op, position);
    return this.#place({ position, op, previous: offset - 1, key: null, isRemoved: false });
  }

  owe(op: Op, position: Position): void {
    this.#owed.set(op, position);
  }

  /** Another epoch is in force. */
  begin(position: Position): void {
    this.#of(position.epoch);
    this.#epoch = position.epoch;
    this.#top = position.offset;
    this.#floor = 0;
    this.#keys.clear();
  }

  raiseFloor({ epoch, offset }: Position): void {
    if (epoch === this.#epoch) this.#floor = Math.max(this.#floor, offset);
  }

  /** The newest entries never were. */
  rollBack({ epoch, offset }: Position): void {
    const { entries, gone } = this.#of(epoch);
    this.#top = offset;
    this.#keys.clear();
    for (const [place, entry] of entries) {
      if (place > offset) {
        entries.delete(place);
        gone.push(entry);
      } else if (entry.key !== null) {
        this.#keys.set(entry.key, entry);
      }
    }
  }

  /** Forgets what nobody will be given any more. @param needed The lowest offset of each epoch that somebody is at. */
  forget(needed: ReadonlyMap<string, number>): void {
    for (const [name, epoch] of this.#epochs) {
      const least = Math.min(needed.get(name) ?? Infinity, name === this.#epoch ? this.#top : Infinity);
      for (const offset of epoch.entries.keys()) {
        if (offset >= least) break;
        epoch.entries.delete(offset);
        epoch.forgotten = offset;
      }
    }
  }

  /** Nobody can say any more what stood there. */
  isForgotten({ epoch, offset }: Position): boolean {
    const known = this.#epochs.get(epoch);
    return known === undefined ? this.#epochs.size >= keptEpochs : offset <= known.forgotten;
  }

  #of(name: string): Epoch {
    let epoch = this.#epochs.get(name);
    if (epoch !== undefined) return epoch;
    epoch = { entries: new Map(), gone: [], forgotten: 0 };
    this.#epochs.set(name, epoch);
    if (this.#epochs.size > keptEpochs) {
      for (const oldest of this.#epochs.keys()) {
        this.#epochs.delete(oldest);
        break;
      }
    }
    return epoch;
  }
}
