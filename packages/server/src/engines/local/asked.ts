// What a worker asked the owner and has no answer to yet: bounded, and given up when the owner is silent.
import { type RequestErrorName, TidewireError } from "@tidewire/protocol";
import { TransientMap } from "../../collections/transient-map.ts";
import type { Cancel, Clock } from "../../ports/clock.ts";
import type { Line } from "./line.ts";
import type { Question } from "./messages.ts";
import { encodeRecord, maxRecordBytes } from "./records.ts";

/** Above either, a question is refused as `overloaded`. */
const maxQuestions = 10_000;
const maxBytes = 64 * 1024 * 1024;
/** What a header may add to a payload. */
const headerBytes = 1024 * 1024;

/** Without any word for four of these the owner hangs, or its machine's memory does. */
const tickMs = 500;
const quietTicks = 4;

export interface Asking {
  readonly question: Question;
  readonly payloads?: readonly Uint8Array[];
  /** @throws when the answer is none. */
  readonly settle: (answer: unknown, payload: Uint8Array) => void;
  readonly fail: (error: TidewireError) => void;
}

interface Pending extends Asking {
  readonly bytes: number;
  /** Of the line, when it was asked: if it is still the same, nothing of it has left this process. */
  readonly flushes: number;
  /** Its answer is not waited for any longer. */
  isGivenUp: boolean;
}

export interface AskedEvents {
  /** The owner has said nothing for two seconds; all that was asked has failed. */
  stalled(): void;
  /** After `stalled`: it speaks again. */
  resumed(): void;
}

export class Asked {
  readonly #line: Line;
  readonly #clock: Clock;
  readonly #events: AskedEvents;
  readonly #pending = new TransientMap<number, Pending>();
  #count = 0;
  #bytes = 0;
  /** Of them, those that are not given up. */
  #awaited = 0;
  #quiet = 0;
  #isStalled = false;
  #cancel: Cancel = () => undefined;
  /** Called when nothing waits any more. */
  #idle: (() => void) | null = null;

  constructor(line: Line, clock: Clock, events: AskedEvents) {
    this.#line = line;
    this.#clock = clock;
    this.#events = events;
    this.#tick();
  }

  /** Fails it at once when too much waits already. */
  ask(asking: Asking): void {
    const bytes = asking.payloads?.reduce((sum, { byteLength }) => sum + byteLength, 0) ?? 0;
    if (bytes > maxRecordBytes - headerBytes) {
      const message = `at most ${maxRecordBytes - headerBytes} bytes were expected, got ${bytes}`;
      return asking.fail(new TidewireError("too_large", message));
    }
    const isMuch = this.#pending.size >= maxQuestions || this.#bytes + bytes > maxBytes;
    if (isMuch && this.#pending.size > 0) return asking.fail(new TidewireError("overloaded"));
    this.tell(asking);
  }

  /** Like `ask`, for what the engine asks by itself: never refused. */
  tell(asking: Asking): void {
    const bytes = asking.payloads?.reduce((sum, { byteLength }) => sum + byteLength, 0) ?? 0;
    this.#count += 1;
    this.#bytes += bytes;
    this.#awaited += 1;
    this.#pending.set(this.#count, { ...asking, bytes, flushes: this.#line.flushes, isGivenUp: false });
    this.#line.send(encodeRecord({ ...asking.question, n: this.#count }, asking.payloads));
  }

  /** Anything came. */
  heard(): void {
    this.#quiet = 0;
    if (!this.#isStalled) return;
    this.#isStalled = false;
    this.#events.resumed();
  }

  done(n: number, answer: unknown, payload: Uint8Array): void {
    const pending = this.#take(n);
    if (pending !== undefined && !pending.isGivenUp) pending.settle(answer, payload);
  }

  failed(n: number, reason: RequestErrorName, message: string): void {
    const pending = this.#take(n);
    if (pending !== undefined && !pending.isGivenUp) pending.fail(new TidewireError(reason, message));
  }

  /** Resolves when everything has its answer, or none is to be expected soon. */
  async finished(): Promise<void> {
    if (this.#awaited > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  /** Nothing will be answered. */
  lost(): void {
    this.#cancel();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const each of pending) this.#giveUp(each);
  }

  #take(n: number): Pending | undefined {
    const pending = this.#pending.get(n);
    if (pending === undefined) return undefined;
    this.#pending.delete(n);
    this.#bytes -= pending.bytes;
    if (!pending.isGivenUp) this.#awaitedLess();
    return pending;
  }

  /**
   * Counts ticks with a turn of the event loop in each, rather than time: when this process was stopped for a while, what
   * the owner said meanwhile is heard first.
   */
  #tick(): void {
    let isOver = false;
    const cancelTimer = this.#clock.after(tickMs, () => this.#clock.defer(() => isOver || this.#look()));
    this.#cancel = () => {
      isOver = true;
      cancelTimer();
    };
  }

  #look(): void {
    this.#quiet += 1;
    if (this.#quiet >= quietTicks && !this.#isStalled) this.#stall();
    // Always, since the owner takes a worker that says nothing for dead.
    if (!this.#isStalled) this.tell({ question: { kind: "ping" }, settle: () => undefined, fail: () => undefined });
    this.#tick();
  }

  #awaitedLess(): void {
    this.#awaited -= 1;
    if (this.#awaited === 0) this.#idle?.();
  }

  #stall(): void {
    this.#isStalled = true;
    this.#events.stalled();
    for (const pending of this.#pending.values()) this.#giveUp(pending);
  }

  /** What was handed to the system may have been done, unless it only asked. */
  #giveUp(pending: Pending): void {
    if (pending.isGivenUp) return;
    pending.isGivenUp = true;
    this.#awaitedLess();
    const isUncertain = pending.question.kind === "publish" && pending.flushes !== this.#line.flushes;
    pending.fail(
      new TidewireError(isUncertain ? "indeterminate" : "engine_unavailable", "the owner of the log did not answer"),
    );
  }
}
