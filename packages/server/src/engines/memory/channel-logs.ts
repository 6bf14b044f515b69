// Which channels have a log, under which epoch: the rule that no (epoch, offset) is ever used twice (S1).
import type { Position } from "@tidewire/protocol";
import { Ring } from "../../engine/ring.ts";
import { Slots } from "../../engine/slots.ts";
import { Rounds } from "../rounds.ts";

export interface Retention {
  readonly size: number;
  readonly ttlMs: number;
}

export interface ChannelLog {
  epoch: string;
  /** Which default epoch was in force when this log began. */
  readonly reign: number;
  /** Whether an offset of `epoch`, or of an earlier epoch of this log, was given away. */
  written: boolean;
  /** The newest publication, also when it is no longer kept. */
  offset: number;
  id: string | null;
  ring: Ring;
  /** Instead of the ring, where the channel is a table. */
  slots: Slots | null;
  retention: Retention;
  writtenMs: number;
}

/** A log nobody wrote to or follows is forgotten after this, or after ten times its ttl if that is longer. */
const idleMs = 3_600_000;
const nothing: Retention = { size: 0, ttlMs: 0 };

/**
 * A channel without a log has the default epoch and offset 0. Its log begins under that epoch; when the log is
 * forgotten, the channel falls back to the default epoch, which therefore has to be one it never wrote under: if the
 * log began in the reign of the present default, the default changes. So it changes at most once in `idleMs`, and
 * the positions of channels nobody wrote to stay good in between.
 */
export class ChannelLogs {
  readonly #logs = new Map<string, ChannelLog>();
  readonly #rounds = new Rounds(this.#logs);
  readonly #newEpoch: () => string;
  #defaultEpoch: string;
  #reign = 0;

  constructor(newEpoch: () => string) {
    this.#newEpoch = newEpoch;
    this.#defaultEpoch = newEpoch();
  }

  find(channel: string): ChannelLog | undefined {
    return this.#logs.get(channel);
  }

  top(channel: string): Position {
    const log = this.#logs.get(channel);
    return log === undefined ? { epoch: this.#defaultEpoch, offset: 0 } : { epoch: log.epoch, offset: log.offset };
  }

  forWriting(channel: string, nowMs: number): ChannelLog {
    const log = this.hold(channel, nowMs);
    log.written = true;
    return log;
  }

  /** For a table. A log that is none, and has been written, is cleared first. @returns Whether it was. */
  becomeTable(channel: string, nowMs: number): boolean {
    const log = this.forWriting(channel, nowMs);
    const isOther = log.slots === null && log.offset > 0;
    if (isOther) this.clear(channel, nowMs);
    log.slots ??= new Slots();
    return isOther;
  }

  /** For a log that is no table; one that is, is cleared first. @returns Whether it was. */
  becomeLog(channel: string, nowMs: number): boolean {
    const isOther = this.forWriting(channel, nowMs).slots !== null;
    if (isOther) this.clear(channel, nowMs);
    return isOther;
  }

  /** Fixes the channel's epoch: a default that changes must not look like a break to those who listen already. */
  hold(channel: string, nowMs: number): ChannelLog {
    const known = this.#logs.get(channel);
    if (known !== undefined) return known;
    const log: ChannelLog = {
      epoch: this.#defaultEpoch,
      reign: this.#reign,
      written: false,
      offset: 0,
      id: null,
      ring: new Ring(),
      slots: null,
      retention: nothing,
      writtenMs: nowMs,
    };
    this.#logs.set(channel, log);
    return log;
  }

  /** Takes `hold` back where nothing was written meanwhile. */
  release(channel: string): void {
    if (this.#logs.get(channel)?.written === false) this.#logs.delete(channel);
  }

  /** Forgets the history; the numbering starts anew in an epoch of the channel's own. */
  clear(channel: string, nowMs: number): Position {
    const log = this.forWriting(channel, nowMs);
    const empty = { offset: 0, id: null, ring: new Ring(), slots: null };
    Object.assign(log, { epoch: this.#newEpoch(), ...empty, writtenMs: nowMs });
    return { epoch: log.epoch, offset: 0 };
  }

  /** Drops expired publications and idle logs of the next part of the channels. */
  sweep(nowMs: number, followed: ReadonlySet<string>): void {
    this.#rounds.go((channel, log) => {
      (log.slots ?? log.ring).trim(log.retention, nowMs);
      // Values of a table do not expire.
      if (log.slots !== null && log.slots.keys > 0) return;
      const isIdle = nowMs - log.writtenMs >= Math.max(idleMs, 10 * log.retention.ttlMs);
      if (isIdle && !followed.has(channel)) this.#forget(channel, log);
    });
  }

  #forget(channel: string, log: ChannelLog): void {
    this.#logs.delete(channel);
    if (!log.written || log.reign !== this.#reign) return;
    this.#reign += 1;
    this.#defaultEpoch = this.#newEpoch();
  }
}
