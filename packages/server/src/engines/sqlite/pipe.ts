// Requests on their way to the worker: gathered for a turn, bounded, and matched with the answers by their order.
import { TidewireError } from "@tidewire/protocol";
import type { Cancel, Clock } from "../../ports/clock.ts";
import { type Answer, isOrdered, type Request } from "./messages.ts";
import type { WorkerLink } from "./worker-link.ts";

/** Above either, a request is refused as `overloaded`. */
const maxRequests = 10_000;
const maxRequestBytes = 64 * 1024 * 1024;

/** Without any answer for four of these a commit hangs, as it may on a disk that does not answer. */
const quietTickMs = 500;
const quietTicks = 4;

export interface Pending {
  readonly request: Request;
  /** The payload of an `append` or a `set`. */
  readonly data?: Uint8Array;
  /** Called once with the answer, also after `fail` if it comes late: what was appended has to be announced. */
  readonly settle: (answer: Answer) => void;
  /** Called when its answer is not waited for any longer. */
  readonly fail: (error: TidewireError) => void;
}

export interface PipeEvents {
  /** The worker has not answered for two seconds; all that was asked has failed. */
  stalled(): void;
  /** After `stalled`: it answers again. */
  resumed(): void;
}

export class Pipe {
  readonly #clock: Clock;
  readonly #events: PipeEvents;
  readonly #link: WorkerLink;
  /** Of this turn, not yet posted. */
  #gathered: Pending[] = [];
  /** Posted, in order; those before `#head` are answered. */
  #posted: Pending[] = [];
  #head = 0;
  #bytes = 0;
  /** Ordered requests of each channel that are not answered. */
  readonly #ordered = new Map<string, number>();
  #quiet = 0;
  #isStalled = false;
  #cancelWatch: Cancel | null = null;

  constructor(link: WorkerLink, clock: Clock, events: PipeEvents) {
    this.#link = link;
    this.#clock = clock;
    this.#events = events;
  }

  get size(): number {
    return this.#gathered.length + this.#posted.length - this.#head;
  }

  /** Whether something of the channel is on its way that must not be overtaken. */
  isBusy(channel: string): boolean {
    return this.#ordered.has(channel);
  }

  /** Fails it at once when too much is on its way already. */
  ask(pending: Pending): void {
    const bytes = pending.data?.byteLength ?? 0;
    if (this.size >= maxRequests || this.#bytes + bytes > maxRequestBytes) {
      const isTooLarge = bytes > maxRequestBytes;
      const message = isTooLarge ? `at most ${maxRequestBytes} bytes were expected, got ${bytes}` : undefined;
      pending.fail(new TidewireError(isTooLarge ? "too_large" : "overloaded", message));
      return;
    }
    this.tell(pending);
  }

  /** Like `ask`, for the few requests that the engine makes by itself: never refused. */
  tell(pending: Pending): void {
    if (this.size === 0) this.#begin();
    this.#bytes += pending.data?.byteLength ?? 0;
    const channel = orderedChannel(pending.request);
    if (channel !== null) this.#ordered.set(channel, (this.#ordered.get(channel) ?? 0) + 1);
    if (this.#gathered.length === 0) this.#clock.defer(() => this.#post());
    this.#gathered.push(pending);
  }

  answered(answers: readonly Answer[]): void {
    this.#quiet = 0;
    if (this.#isStalled) {
      this.#isStalled = false;
      this.#events.resumed();
    }
    for (const answer of answers) {
      const pending = this.#posted[this.#head];
      if (pending === undefined) break;
      this.#head += 1;
      this.#leave(pending);
      pending.settle(answer);
    }
    if (this.#head === this.#posted.length || this.#head > 1_000) {
      this.#posted = this.#posted.slice(this.#head);
      this.#head = 0;
    }
    if (this.size === 0) this.#end();
  }

  /** Nothing that is on its way will be answered. */
  lost(): void {
    const posted = this.#posted.slice(this.#head);
    const gathered = this.#gathered;
    this.#posted = [];
    this.#gathered = [];
    this.#head = 0;
    this.#isStalled = false;
    for (const pending of [...posted, ...gathered]) this.#leave(pending);
    this.#end();
    failAll(posted, gathered);
  }

  #post(): void {
    const requests = this.#gathered;
    if (requests.length === 0) return;
    this.#gathered = [];
    for (const pending of requests) this.#posted.push(pending);
    const payload = new Uint8Array(requests.reduce((sum, { data }) => sum + (data?.byteLength ?? 0), 0));
    let at = 0;
    for (const { data } of requests) {
      if (data === undefined) continue;
      payload.set(data, at);
      at += data.byteLength;
    }
    this.#link.post({ requests: requests.map(({ request }) => request), payload });
  }

  #leave({ request, data }: Pending): void {
    this.#bytes -= data?.byteLength ?? 0;
    const channel = orderedChannel(request);
    if (channel === null) return;
    const others = (this.#ordered.get(channel) ?? 1) - 1;
    if (others === 0) this.#ordered.delete(channel);
    else this.#ordered.set(channel, others);
  }

  /** While something is on its way the process stays alive, and the worker is watched. */
  #begin(): void {
    this.#link.hold(true);
    this.#quiet = 0;
    this.#watch();
  }

  #end(): void {
    this.#link.hold(false);
    this.#cancelWatch?.();
    this.#cancelWatch = null;
  }

  /**
   * Counts ticks with a turn of the event loop in each, rather than time: when the whole process was stopped for a
   * while, the answer that came meanwhile is heard first.
   */
  #watch(): void {
    this.#cancelWatch?.();
    const cancelled = { is: false };
    const cancelTimer = this.#clock.after(quietTickMs, () => this.#clock.defer(() => cancelled.is || this.#tick()));
    this.#cancelWatch = () => {
      cancelled.is = true;
      cancelTimer();
    };
  }

  #tick(): void {
    this.#quiet += 1;
    if (this.#quiet >= quietTicks) this.#stall();
    this.#watch();
  }

  #stall(): void {
    if (this.#isStalled) return;
    this.#isStalled = true;
    this.#events.stalled();
    failAll([...this.#posted.slice(this.#head), ...this.#gathered], []);
  }
}

/** What was posted may have been done, unless it only asked. */
function failAll(posted: readonly Pending[], gathered: readonly Pending[]): void {
  for (const { request, fail } of posted) {
    const isUncertain = isOrdered(request) && request.kind !== "pass";
    fail(new TidewireError(isUncertain ? "indeterminate" : "engine_unavailable", "the database did not answer"));
  }
  for (const { fail } of gathered) fail(new TidewireError("engine_unavailable", "the database is not available"));
}

/** The channel whose ephemeral publications must wait for this one. */
function orderedChannel(request: Request): string | null {
  return isOrdered(request) ? request.channel : null;
}
