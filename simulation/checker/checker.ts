// The checker: reads a history record by record and says what is wrong with it, in memory that does not grow with it.
import type { Position } from "@tidewire/protocol";
import { type Entry, Log } from "./log.ts";
import { type Finding, LifeState } from "./life.ts";
import { Ops } from "./ops.ts";
import type { HistoryRecord, Life, Op, RecordOf, Verdict, Violation } from "./records.ts";
import { written } from "./records.ts";

export interface CheckerOptions {
  /** Publishes of which is remembered what became of them. Default: 200,000. */
  readonly ops?: number;
  /** Told of each violation as it is found. */
  readonly found?: (violation: Violation) => void;
}

/** How many records lie between two looks at what may be forgotten. */
const forgetEvery = 10_000;
/** Lives that have ended and are remembered, to hear what still comes for them. */
const endedLives = 10_000;

export class Checker {
  readonly violations: Violation[] = [];
  /** What came of the subscriptions that came back; `eligible`: those whose place was retained. */
  readonly recoveries: { recovered: number; unrecovered: number; eligible: number } = {
    recovered: 0,
    unrecovered: 0,
    eligible: 0,
  };
  #records = 0;
  #deliveries = 0;
  readonly #found: (violation: Violation) => void;
  readonly #ops: Ops;
  readonly #logs = new Map<string, Log>();
  readonly #closed = new Set<string>();
  readonly #lives = new Map<Life, LifeState>();
  readonly #ended = new Map<Life, LifeState>();

  constructor(options: CheckerOptions = {}) {
    this.#ops = new Ops(options.ops ?? 200_000);
    this.#found = options.found ?? (() => undefined);
  }

  get records(): number {
    return this.#records;
  }

  get deliveries(): number {
    return this.#deliveries;
  }

  /** Entries, publishes and lives that are held at present. */
  get remembered(): number {
    let sum = this.#ops.size + this.#lives.size + this.#ended.size;
    for (const log of this.#logs.values()) sum += log.size;
    return sum;
  }

  read(record: HistoryRecord): void {
    this.#records += 1;
    if (this.#records % forgetEvery === 0) this.#forget();
    this.#take(record);
  }

  #take(record: HistoryRecord): void {
    switch (record.kind) {
      case "channel":
        return void this.#logs.set(record.channel, new Log(record.mode, record.log));
      case "rule":
        return this.#rule(record);
      case "invoke":
        return this.#ops.invoke(record.op, record);
      case "ack":
        return this.#ack(record);
      case "reject":
        if (!this.#ops.reject(record.op))
          this.#say("ghost", `${record.op} was rejected (${record.reason}), and is there`);
        return;
      case "indeterminate":
      case "resent":
        return this.#ops.unordered(record.op);
      case "append":
        return this.#append(record);
      case "floor":
        return this.#log(record.channel).raiseFloor(record.position);
      case "epoch":
        return this.#log(record.channel).begin(record.position);
      case "rollback":
        return this.#log(record.channel).rollBack(record.position);
      case "subscribe":
        return void this.#lives.set(record.life, new LifeState(record.life, record.user, record.channel));
      case "forgot":
        return this.#ops.forget();
      case "settled":
        return this.#settled();
      case "reply":
      case "deliver":
      case "gap":
      case "skipped":
      case "unsubscribe":
      case "refused":
        return this.#ofLife(record);
    }
  }

  #ofLife(record: RecordOf<"reply" | "deliver" | "gap" | "skipped" | "unsubscribe" | "refused">): void {
    const life = this.#lives.get(record.life);
    if (life === undefined) return this.#late(record);
    switch (record.kind) {
      case "reply":
        this.#permitted(life);
        this.#count(life, record.recovered);
        return this.#judge(life, life.reply(this.#log(life.channel), record));
      case "deliver":
        return this.#deliver(life, record);
      case "gap":
        return life.gap(record.to);
      case "skipped":
        return;
      case "unsubscribe":
      case "refused":
        return this.#end(life);
    }
  }

  #count(life: LifeState, recovered: boolean): void {
    const mayRecover = life.mayRecover(this.#log(life.channel));
    if (mayRecover === null) return;
    this.recoveries[recovered ? "recovered" : "unrecovered"] += 1;
    if (mayRecover) this.recoveries.eligible += 1;
  }

  #late(record: RecordOf<"reply" | "deliver" | "gap" | "skipped" | "unsubscribe" | "refused">): void {
    if (record.kind !== "deliver") return;
    const ended = this.#ended.get(record.life);
    this.#say("after_unsubscribe", `${record.op} at ${written(record.position)} came to ${ended?.life ?? record.life}`);
  }

  #end(life: LifeState): void {
    this.#lives.delete(life.life);
    this.#ended.set(life.life, life);
    if (this.#ended.size <= endedLives) return;
    for (const oldest of this.#ended.keys()) {
      this.#ended.delete(oldest);
      break;
    }
  }

  #rule({ user, channel, may }: RecordOf<"rule">): void {
    if (may) this.#closed.delete(`${user} ${channel}`);
    else this.#closed.add(`${user} ${channel}`);
  }

  #permitted(life: LifeState): void {
    if (!this.#closed.has(`${life.user} ${life.channel}`)) return;
    this.#say("unauthorised", `${life.user} may not read ${life.channel}`, life);
  }

  #ack({ op, position }: RecordOf<"ack">): void {
    const channel = this.#ops.channelOf(op);
    if (position === null || channel === null) return;
    const log = this.#log(channel);
    const before = this.#ops.ack(op, position);
    if (this.#isElsewhere(log, op, { before, position })) {
      return this.#say("duplicate", `${op} was acked at ${written(before)}, and at ${written(position)}`);
    }
    const there = log.find(position, op);
    if (there === "another")
      return this.#say("offset_reuse", `${op} was acked at ${written(position)}, another's place`);
    if (typeof there === "object" || log.isForgotten(position)) return;
    if (log.told === "live") return this.#say("lost", `${op} was acked at ${written(position)}, and is not in the log`);
    if (log.told === "after") log.owe(op, position);
    else log.learn(position, op);
  }

  #append({ channel, position, op, previous, key, removed }: RecordOf<"append">): void {
    const log = this.#log(channel);
    if (op !== "") this.#seen(op, channel);
    const { head } = log;
    const isNext = head === null || head.epoch !== position.epoch || position.offset > head.offset;
    const entry = { position, op, previous, key: key ?? null, isRemoved: removed === true };
    const before = op === "" ? null : this.#ops.place(op, position);
    if (!log.append(entry)) this.#say("offset_reuse", `${op} has the place ${written(position)}, another's before`);
    else if (!isNext && log.told === "live") this.#say("offset_reuse", `${op} at ${written(position)}, below the head`);
    if (this.#isElsewhere(log, op, { before, position })) {
      this.#say("duplicate", `${op} is in the log at ${written(before)}, and at ${written(position)}`);
    }
  }

  /** Whether the op is in the log at an earlier place too: a fault of the store may have taken it out. */
  #isElsewhere(
    log: Log,
    op: Op,
    { before, position }: { readonly before: Position | null; readonly position: Position },
  ): boolean {
    if (before === null || before.epoch !== position.epoch || before.offset === position.offset) return false;
    return log.told !== "live" || log.at(before)?.op === op;
  }

  #seen(op: Op, channel: string, life?: LifeState): boolean {
    const standing = this.#ops.see(op);
    if (standing === "never") this.#say("ghost", `${op} was never published`, life);
    if (standing === "rejected") this.#say("ghost", `${op} was rejected`, life);
    const home = this.#ops.channelOf(op);
    if (home !== null && home !== channel)
      this.#say("cross_channel", `${op} is ${home}'s, and came on ${channel}`, life);
    return standing === "invoked" && (home === null || home === channel);
  }

  #deliver(life: LifeState, { op, position }: RecordOf<"deliver">): void {
    this.#deliveries += 1;
    this.#permitted(life);
    if (op !== "" && !this.#seen(op, life.channel, life)) return;
    const log = this.#log(life.channel);
    if (position === null) {
      if (!this.#ops.mayReturn(op)) this.#judge(life, life.signal(op, this.#ops.orderOf(op)));
      return;
    }
    if (log.told !== "live" && !log.learn(position, op)) {
      return this.#say("offset_reuse", `${op} came as ${written(position)}, another's place`, life);
    }
    const entry: Entry | "another" | "nothing" = log.find(position, op);
    if (typeof entry === "string" && log.isForgotten(position)) return;
    if (entry === "another") this.#say("offset_reuse", `${op} came as ${written(position)}, another's place`, life);
    else if (entry === "nothing") this.#say("ghost", `${op} came as ${written(position)}, which the log has not`, life);
    else this.#judge(life, life.deliver(log, entry));
  }

  #settled(): void {
    for (const life of this.#lives.values()) this.#judge(life, life.settled(this.#log(life.channel)));
    for (const log of this.#logs.values()) {
      for (const [op, position] of log.owed) {
        if (log.told === "after" && position.epoch === log.head?.epoch && position.offset > log.floor) {
          this.#say("lost", `${op} was acked or given at ${written(position)}, and is not in the log`);
        }
      }
    }
  }

  #judge(life: LifeState, found: Finding): void {
    if (found !== null) this.#say(found.verdict, found.says, life);
  }

  #say(verdict: Verdict, says: string, life?: LifeState): void {
    const violation = { verdict, says: life === undefined ? says : `${life.life}: ${says}`, at: this.#records };
    this.violations.push(violation);
    this.#found(violation);
  }

  #log(channel: string): Log {
    let log = this.#logs.get(channel);
    if (log === undefined) this.#logs.set(channel, (log = new Log("stream", "unknown")));
    return log;
  }

  #forget(): void {
    for (const [channel, log] of this.#logs) {
      const needed = new Map<string, number>();
      for (const { at, channel: other } of this.#lives.values()) {
        if (other === channel && at !== null)
          needed.set(at.epoch, Math.min(at.offset, needed.get(at.epoch) ?? Infinity));
      }
      log.forget(needed);
    }
  }
}
