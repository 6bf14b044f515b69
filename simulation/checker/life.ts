// One life of a subscription: where it stands, and what may come next.
import type { Position } from "@tidewire/protocol";
import type { Entry, Log } from "./log.ts";
import { type Life, type Op, type Verdict, written } from "./records.ts";

/** A place in a log, and what stands there where that is known. */
interface Place extends Position {
  readonly op: Op | null;
}

/** What is wrong, or `null`. */
export type Finding = { readonly verdict: Verdict; readonly says: string } | null;

/** So many of the last deliveries are remembered, to tell a repetition from a late one. */
const rememberedDeliveries = 4_096;

export class LifeState {
  readonly life: Life;
  readonly user: string;
  readonly channel: string;
  /** The server has it as a subscriber. */
  isUp = false;
  /** Everything up to here was handed over; `null` while nobody knows. */
  at: Place | null = null;
  /** Where it stood before a gap took it on. */
  #before: Place | null = null;
  #hasBegun = false;
  /** The last reply said that nothing is missing, and nothing came since. */
  #isPromised = false;
  readonly #delivered = new Set<string>();
  /** Of a `latest` channel, the version of each key that the application has. */
  readonly #known = new Map<string, Entry>();
  /** Of a `signal` channel, the newest of each publisher. */
  readonly #orders = new Map<string, number>();

  constructor(life: Life, user: string, channel: string) {
    this.life = life;
    this.user = user;
    this.channel = channel;
  }

  /** It was subscribed before, and could go on from where it was: `null` where there is nothing to go on from. */
  mayRecover(log: Log): boolean | null {
    const place = this.#before ?? this.at;
    if (!this.#hasBegun || place === null || log.mode === "signal") return null;
    return isRetained(log, place);
  }

  gap(to: Position | null): void {
    this.#before ??= this.at;
    this.at = to === null ? null : { ...to, op: null };
    this.#isPromised = false;
  }

  /** The server has it again, or for the first time. */
  reply(
    log: Log,
    { recovered, position }: { readonly recovered: boolean; readonly position: Position | null },
  ): Finding {
    const before = this.#before ?? this.at;
    const isFirst = !this.#hasBegun;
    this.isUp = this.#hasBegun = true;
    this.#before = null;
    if (log.mode === "signal") return null;
    this.#isPromised = recovered && !isFirst;
    if (recovered && !isFirst) {
      if (before === null || position === null || position.epoch === before.epoch) return null;
      return { verdict: "false_recovered", says: `recovered into ${written(position)} from ${written(before)}` };
    }
    this.at = position === null ? null : { ...position, op: null };
    this.#known.clear();
    return isFirst || before === null || !isRetained(log, before)
      ? null
      : { verdict: "needless_unrecovered", says: `${written(before)} was retained, the head is ${written(log.head)}` };
  }

  deliver(log: Log, entry: Entry): Finding {
    const { epoch, offset } = entry.position;
    const name = `${epoch}:${offset} ${entry.op}`;
    const found = this.#judge(log, entry, this.#delivered.has(name));
    this.#isPromised = false;
    this.#delivered.add(name);
    if (this.#delivered.size > rememberedDeliveries) {
      for (const oldest of this.#delivered) {
        this.#delivered.delete(oldest);
        break;
      }
    }
    // A late one does not take the place back, or each one after it would be judged for it.
    const at = this.at;
    if (at === null || at.epoch !== epoch || at.offset < offset) this.at = { epoch, offset, op: entry.op };
    if (entry.key !== null) this.#known.set(entry.key, entry);
    return found;
  }

  /** Without a place, an order is promised for each publisher alone. */
  signal(op: Op, order: { readonly by: string; readonly order: number } | null): Finding {
    const isRepeated = this.#delivered.has(op);
    this.#delivered.add(op);
    if (isRepeated) return { verdict: "duplicate", says: `${op} came twice` };
    if (order === null) return null;
    const newest = this.#orders.get(order.by) ?? 0;
    this.#orders.set(order.by, Math.max(newest, order.order));
    if (order.order > newest) return null;
    return { verdict: "reorder", says: `publish ${order.order} of ${order.by} came after its publish ${newest}` };
  }

  /** Nothing is under way: it has everything, or it is stuck. */
  settled(log: Log): Finding {
    const { head } = log;
    if (!this.isUp) return { verdict: "stuck", says: "it is not subscribed" };
    if (log.mode === "signal" || head === null) return null;
    if (log.mode === "latest") return this.#settledTable(log);
    const { at } = this;
    if (at !== null && at.epoch === head.epoch && at.offset === head.offset) return null;
    return { verdict: "stuck", says: `it is at ${written(at)}, the head is ${written(head)}` };
  }

  #judge(log: Log, entry: Entry, isRepeated: boolean): Finding {
    const { at } = this;
    const { position, previous, previousOp } = entry;
    if (at === null) return null;
    const came = `${written(position)} came after ${written(at)}`;
    if (position.epoch === at.epoch && position.offset <= at.offset) {
      return { verdict: isRepeated ? "duplicate" : "reorder", says: came };
    }
    if (log.mode === "latest" && position.epoch === at.epoch) return null;
    const isNext = position.epoch === at.epoch && previous === at.offset;
    if (isNext && (at.op === null || previousOp === null || previousOp === at.op)) return null;
    return this.#isPromised
      ? { verdict: "false_recovered", says: `${came}, as recovered` }
      : { verdict: "skip", says: `${came}, which is not the one before it` };
  }

  #settledTable(log: Log): Finding {
    for (const [key, newest] of log.keys) {
      const known = this.#known.get(key);
      if (known?.position.offset === newest.position.offset && known.op === newest.op) continue;
      // Whoever had no value need not hear that it was removed.
      if (newest.isRemoved && (known === undefined || known.isRemoved)) continue;
      return {
        verdict: "stuck",
        says: `of ${key} it has ${written(known?.position ?? null)}, the newest is ${written(newest.position)}`,
      };
    }
    return null;
  }
}

/** Whether a reader from there misses nothing that the log still has. */
function isRetained(log: Log, { epoch, offset, op }: Place): boolean {
  const { head, floor } = log;
  if (log.told !== "live" || head === null || head.epoch !== epoch || offset > head.offset || offset < floor)
    return false;
  const there = log.at({ epoch, offset });
  return op === null || there === null || there.op === op;
}
