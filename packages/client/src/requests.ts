// The application's requests: in order, bounded, waiting for a connection, and sent again where that is safe.

import { fail } from "@tidewire/protocol";
import type { Cancel, Clock } from "./clock.ts";
import { encode, type Question } from "./exchange.ts";
import { notSent, unknownOutcome } from "./failure.ts";
import type { Fields } from "./wire.ts";

export interface Request {
  /** One command as JSON, without its opening brace. */
  readonly body: string;
  readonly bytes?: Uint8Array | undefined;
  readonly method: string;
  /** Whether it may reach the server twice: reads, and publishes with a key. */
  readonly isRepeatable: boolean;
  /** Milliseconds it may take, waiting for a connection included; `null`: any time for that, then 10 s for the answer. */
  readonly deadlineMs: number | null;
  readonly signal?: AbortSignal | undefined;
}

/** Requests that were not answered yet; one more is refused as `overloaded`. */
const maxPending = 1_000;
/** The same in bytes of JSON. */
const maxPendingBytes = 1_048_576;
/** The largest message the server takes. */
const maxRequestBytes = 65_536;
/** How long an answer may take where the request does not say. */
export const answerMs = 10_000;
/** A key is good for 5 minutes from when the server first saw it (P4); after this long a repeat is no longer safe. */
const repeatableMs = 240_000;

// The server lets 100 publishes pass at once and 50 a second after that: a backlog must not run into it.
const backlogBurst = 50;
const backlogPauseMs = 1_250;

interface Entry extends Request {
  readonly size: number;
  readonly resolve: (fields: Fields) => void;
  readonly reject: (error: unknown) => void;
  firstSentMs: number | null;
  /** What it is called on this connection; 0 as long as it was not sent there. */
  number: number;
  stopTimer: Cancel | null;
  readonly aborted: () => void;
}

export interface RequestsHost {
  readonly clock: Clock;
  readonly connection: { ask(question: Question): number };
}

const closed = "the connection is closed";
const encoder = new TextEncoder();

export class Requests {
  readonly #host: RequestsHost;
  #waiting = new Set<Entry>();
  readonly #sent = new Set<Entry>();
  #bytes = 0;
  #isConnected = false;
  #isClosed = false;
  /** Set while the rest of a backlog waits for its turn; what comes meanwhile waits behind it. */
  #stopPump: Cancel | null = null;

  constructor(host: RequestsHost) {
    this.#host = host;
  }

  /** @throws {TidewireError} `overloaded`, `too_large`, `indeterminate`, `not_available` when it was never sent. */
  add(request: Request): Promise<Fields> {
    return new Promise((resolve, reject) => {
      const bytes = encoder.encode(request.body).length + (request.bytes?.length ?? 0);
      const { deadlineMs, signal } = request;
      signal?.throwIfAborted();
      this.#admit(bytes);
      const aborted = (): void => {
        this.#cancel(entry);
        if (this.#remove(entry)) reject(signal?.reason);
      };
      const entry: Entry = {
        ...request,
        size: bytes,
        resolve,
        reject,
        firstSentMs: null,
        number: 0,
        stopTimer: null,
        aborted,
      };
      if (deadlineMs !== null) this.#limit(entry, deadlineMs);
      signal?.addEventListener("abort", aborted);
      this.#waiting.add(entry);
      this.#bytes += bytes;
      if (this.#isConnected && this.#stopPump === null) this.#pump();
    });
  }

  connected(): void {
    this.#isConnected = true;
    this.#weed(false);
    this.#pump();
  }

  /** @param isFinal Nobody will connect again by himself. */
  lost(isFinal: boolean): void {
    this.#isConnected = false;
    this.#isClosed = isFinal;
    this.#stopPump?.();
    this.#stopPump = null;
    // What was sent stays before what was not, in the order of old (P1).
    this.#waiting = new Set([...this.#sent, ...this.#waiting]);
    this.#sent.clear();
    this.#weed(isFinal);
  }

  /** `connect` was called again. */
  reopened(): void {
    this.#isClosed = false;
  }

  #admit(bytes: number): void {
    if (this.#isClosed) throw notSent(closed);
    if (bytes > maxRequestBytes - 64) fail("too_large", `at most ${maxRequestBytes} bytes, got ${bytes}`);
    const pending = this.#waiting.size + this.#sent.size;
    if (pending >= maxPending || this.#bytes + bytes > maxPendingBytes) {
      fail("overloaded", `${pending} requests are waiting`);
    }
  }

  #limit(entry: Entry, ms: number): void {
    entry.stopTimer = this.#host.clock.after(ms, () => {
      this.#cancel(entry);
      this.#fail(entry, `no answer in ${ms} ms`);
    });
  }

  /** Nobody waits for it any more, so that nobody need work on it (PROTOCOL 1.14); a publish is done either way. */
  #cancel({ isRepeatable, number: id }: Entry): void {
    if (isRepeatable || id === 0) return;
    const body = encode({ rpc: { method: "tide.cancel", data: { id } } });
    this.#host.connection.ask({ body, method: "rpc", isPatient: true });
  }

  #pump(): void {
    let room = backlogBurst;
    this.#stopPump = null;
    for (const entry of this.#waiting) {
      if (room-- === 0) {
        this.#stopPump = this.#host.clock.after(backlogPauseMs, () => this.#pump());
        return;
      }
      this.#send(entry);
    }
  }

  #send(entry: Entry): void {
    const { body, bytes, deadlineMs, firstSentMs, method } = entry;
    this.#waiting.delete(entry);
    this.#sent.add(entry);
    entry.firstSentMs ??= this.#host.clock.now();
    if (deadlineMs === null) this.#limit(entry, answerMs);
    entry.number = this.#host.connection.ask({
      body,
      bytes,
      method,
      isPatient: true,
      done: (fields) => {
        if (this.#remove(entry)) entry.resolve(fields);
      },
      failed: (error) => {
        // An earlier attempt may have been done, whatever is said to this one (P3); reads, which do nothing, are no `rpc`.
        if (firstSentMs !== null && method === "rpc") this.#fail(entry, error.message);
        else if (this.#remove(entry)) entry.reject(error);
      },
    });
  }

  /** Ends what must not be sent again: it may reach the server twice, or its key may be forgotten by now (P4). */
  #weed(isFinal: boolean): void {
    for (const entry of this.#waiting) {
      const { deadlineMs, firstSentMs, isRepeatable } = entry;
      if (deadlineMs === null) entry.stopTimer?.();
      const ageMs = firstSentMs === null ? 0 : this.#host.clock.now() - firstSentMs;
      const isOver = ageMs > repeatableMs || (firstSentMs !== null && !isRepeatable);
      if (isFinal || isOver) this.#fail(entry, closed);
    }
  }

  #fail(entry: Entry, why: string): void {
    if (!this.#remove(entry)) return;
    entry.reject(entry.firstSentMs === null ? notSent(why) : unknownOutcome(why));
  }

  #remove(entry: Entry): boolean {
    const isPending = this.#waiting.delete(entry) || this.#sent.delete(entry);
    if (isPending) this.#bytes -= entry.size;
    entry.stopTimer?.();
    entry.signal?.removeEventListener("abort", entry.aborted);
    return isPending;
  }
}
