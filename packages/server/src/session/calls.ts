// The calls of one connection: each is answered once, by its handler, by the end of its time or by being canceled.
import { TidewireError } from "@tidewire/protocol";
import { refuse } from "../hub/refusal.ts";
import type { Due } from "../hub/wheel.ts";
import type { Command, CommandId } from "./command.ts";
import type { SessionNode } from "./node.ts";
import type { Reply } from "./reply.ts";

export interface CallHost {
  readonly node: SessionNode;
  /** Whether replies pile up. */
  readonly isCrowded: boolean;
  reply(reply: Reply): void;
  refuse(id: CommandId, error: TidewireError): void;
}

/** A call from its command to its answer. */
export interface Call extends Due {
  readonly id: CommandId;
  readonly abort: AbortController;
  /** Resolves when nobody waits for it any more. */
  readonly answered: Promise<void>;
  readonly settle: () => void;
  /** Whether its handler was entered, so that something may have been done. */
  hasBegun: boolean;
}

/** Takes the call of this number out of commands that wait: in its place stands the answer. False when it is not there. */
export function withdraw(waiting: Command[], id: CommandId): boolean {
  const index = waiting.findIndex((command) => command.kind === "call" && command.id === id);
  if (index === -1) return false;
  waiting[index] = { kind: "invalid", id, error: new TidewireError("canceled", `it was canceled ${notBegun}`) };
  return true;
}

const notBegun = "before it had begun";

interface Result {
  readonly json: string;
  readonly bytes: number;
}

export class Calls {
  readonly #host: CallHost;
  /** Those that have no answer yet, in the order they came. */
  readonly #open = new Set<Call>();
  /** Handlers that have not ended, also of calls that were canceled: else canceling would let any number of them run. */
  #busy = 0;
  /** Results that wait until the client has read what was said before. */
  readonly #waiting = new Map<Call, Result>();
  #waitingBytes = 0;

  constructor(host: CallHost) {
    this.#host = host;
  }

  /** A new call; `ended` is owed for it. @throws {TidewireError} `too_many_requests`. */
  open(id: CommandId, deadlineMs: number): Call {
    const { limits, hub, metrics } = this.#host.node;
    const most = limits.callsPerConnection;
    if (this.#busy >= most) {
      metrics.add("calls_refused");
      metrics.hit("callsPerConnection");
      refuse("too_many_requests", `a connection has at most ${most} calls at a time`);
    }
    const due = (): void => this.#abandon(call, "timed_out", `its ${deadlineMs} ms were over`);
    let settle = (): void => undefined;
    const answered = new Promise<void>((resolve) => (settle = resolve));
    const call: Call = {
      id,
      abort: new AbortController(),
      answered,
      settle,
      hasBegun: false,
      dueAt: null,
      dueSlot: 0,
      due,
    };
    this.#busy += 1;
    metrics.add("calls_begun");
    this.#open.add(call);
    hub.wheel.schedule(call, deadlineMs);
    return call;
  }

  isOpen(call: Call): boolean {
    return this.#open.has(call);
  }

  /** Does nothing when no such call is open; of several with one number, the last is meant. */
  cancel(id: CommandId): void {
    const call = [...this.#open].findLast((open) => open.id === id);
    if (call !== undefined) this.#abandon(call, "canceled", "it was canceled");
  }

  /** Its handler has a result, which goes out as soon as there is room. */
  finish(call: Call, json: string): void {
    const { node, isCrowded } = this.#host;
    if (!this.#open.has(call)) return node.metrics.add("call_results_dropped");
    // It was done in time, however long the client takes to read.
    node.hub.wheel.cancel(call);
    const most = node.limits.replyBytes;
    const bytes = Buffer.byteLength(json);
    // One that is too large for any reply is refused as such.
    if (!isCrowded || bytes > most) return this.#answer(call, json);
    if (this.#waitingBytes + bytes > most) {
      this.close(call);
      node.metrics.add("call_results_refused");
      node.metrics.hit("replyBytes");
      const why = `it was done, but ${this.#waitingBytes} bytes of results wait for this client to read already`;
      return this.#host.refuse(call.id, new TidewireError("limit_exceeded", why));
    }
    this.#waiting.set(call, { json, bytes });
    this.#waitingBytes += bytes;
  }

  /** The client has read something: what waits goes out, one more as long as there is room. */
  drain(): void {
    for (const [call, { json }] of this.#waiting) {
      if (this.#host.isCrowded) return;
      this.#answer(call, json);
    }
  }

  /** Whoever closes a call answers it; false when somebody has. */
  close(call: Call): boolean {
    if (!this.#open.delete(call)) return false;
    this.#host.node.hub.wheel.cancel(call);
    this.#waitingBytes -= this.#waiting.get(call)?.bytes ?? 0;
    this.#waiting.delete(call);
    call.settle();
    return true;
  }

  /** A handler has ended, or was never entered. */
  ended(): void {
    this.#busy -= 1;
    this.#host.node.metrics.add("calls_ended");
  }

  /** The connection has ended: nobody is left to be answered. */
  end(): void {
    for (const call of this.#open) {
      this.close(call);
      call.abort.abort(new TidewireError("canceled", "its connection has ended"));
    }
  }

  #answer(call: Call, json: string): void {
    this.close(call);
    this.#host.reply({ kind: "result", id: call.id, json });
  }

  /** Nobody knows what a handler that was entered has done (P3). */
  #abandon(call: Call, reason: "canceled" | "timed_out", why: string): void {
    this.close(call);
    this.#host.node.metrics.add(`calls_${reason}`);
    if (reason === "timed_out") this.#host.node.metrics.hit("callDeadlineMs");
    const error = call.hasBegun
      ? new TidewireError("indeterminate", `${why} after it had begun`)
      : new TidewireError(reason, `${why} ${notBegun}`);
    this.#host.refuse(call.id, error);
    call.abort.abort(new TidewireError(reason, why));
  }
}
