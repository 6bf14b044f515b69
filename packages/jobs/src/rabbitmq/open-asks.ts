// What was asked and is not answered yet: by the keeper, by RabbitMQ alone, or by the time that it may take.
import { fail, type RequestErrorName, TidewireError } from "@tidewire/protocol";
import type { Cancel, Clock } from "@tidewire/protocol/ports";
import type { Answer, Value } from "./wire.ts";

/** The contract allows ten seconds. */
const answerMs = 9_000;

/** How long the keeper has to answer an order before RabbitMQ's own word on it is enough. */
const keeperMs = 3_000;

const mostOpen = 10_000;
const mostOpenBytes = 67_108_864;

interface Open {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: TidewireError) => void;
  /** What to answer when RabbitMQ has it on its disks and nobody else says anything; `null`: that is not enough. */
  readonly kept: Value | null;
  readonly bytes: number;
  cancel: Cancel;
  isConfirmed: boolean;
  /** RabbitMQ's word is enough from now on. */
  isLate: boolean;
}

export class OpenAsks {
  readonly #clock: Clock;
  readonly #open = new Map<string, Open>();
  readonly #idle = new Set<() => void>();
  /** What RabbitMQ has confirmed on this connection outlives it. */
  #isTrusted = false;
  #bytes = 0;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws {TidewireError} `overloaded`. */
  begin(bytes: number, kept: Value | null): { readonly number: string; readonly answered: Promise<Value> } {
    if (this.#open.size >= mostOpen || this.#bytes + bytes > mostOpenBytes)
      fail("overloaded", `${this.#open.size} requests of ${this.#bytes} bytes wait for RabbitMQ already`);
    this.#count += 1;
    const number = String(this.#count);
    this.#bytes += bytes;
    const answered = new Promise<Value>((resolve, reject) => {
      const open = { resolve, reject, kept, bytes, cancel: (): void => undefined, isConfirmed: false, isLate: false };
      this.#open.set(number, open);
      open.cancel = this.#clock.after(keeperMs, () => this.#late(number, open));
    });
    return { number, answered };
  }

  /** From now on RabbitMQ's word is enough where nobody else says anything, also the word it has given on this connection. */
  trust(): void {
    this.#isTrusted = true;
    for (const [number, open] of this.#open) if (open.isLate) this.#settledByKeeping(number, open);
  }

  /** RabbitMQ has it. */
  confirmed(number: string): void {
    const open = this.#open.get(number);
    if (open === undefined) return;
    open.isConfirmed = true;
    if (open.isLate) this.#settledByKeeping(number, open);
  }

  /** @returns Whether somebody still waits for it. */
  answered(number: string, answer: Answer): boolean {
    const open = this.#end(number);
    if (answer.kind === "value") open?.resolve(answer.value);
    else open?.reject(new TidewireError(answer.reason, answer.message));
    return open !== null;
  }

  refused(number: string, reason: RequestErrorName, message: string): void {
    this.#end(number)?.reject(new TidewireError(reason, message));
  }

  /** No answer comes any more; what RabbitMQ has confirmed is safe once it is trusted. */
  lost(why: string): void {
    for (const [number, open] of this.#open) {
      if (this.#settledByKeeping(number, open)) continue;
      this.refused(number, "indeterminate", `the connection to RabbitMQ was lost before the answer: ${why}`);
    }
    this.#isTrusted = false;
  }

  /** Resolves when everything that was asked is answered. */
  async idle(): Promise<void> {
    if (this.#open.size > 0) await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  #late(number: string, open: Open): void {
    open.isLate = true;
    if (this.#settledByKeeping(number, open)) return;
    open.cancel = this.#clock.after(answerMs - keeperMs, () => {
      const who = open.isConfirmed ? "the keeper of the jobs" : "RabbitMQ";
      this.refused(number, "indeterminate", `${who} gave no answer within ${answerMs} ms`);
    });
  }

  #settledByKeeping(number: string, open: Open): boolean {
    if (!this.#isTrusted || !open.isConfirmed || open.kept === null) return false;
    this.#end(number);
    open.resolve(open.kept);
    return true;
  }

  #end(number: string): Open | null {
    const open = this.#open.get(number);
    if (open === undefined) return null;
    this.#open.delete(number);
    this.#bytes -= open.bytes;
    open.cancel();
    if (this.#open.size === 0) {
      for (const resolve of this.#idle) resolve();
      this.#idle.clear();
    }
    return open;
  }
}
