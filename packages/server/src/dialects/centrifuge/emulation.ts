// Emulation: connections made of a stream that the client hears and of the requests in which it speaks.
//
// Whoever knows a connection's name may speak for it, so the name is a secret of its own: the session's id is shown to
// others by presence.
import { TransientMap } from "../../collections/transient-map.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import type { Connection, ConnectionInfo, Framing, Opened } from "../connection.ts";
import type { EmulationPlace } from "./encode.ts";

export interface EmulationRequest extends EmulationPlace {
  readonly data: Uint8Array;
  readonly form: "text" | "bytes";
}

/** What became of a request: its commands were taken, its session is none of ours, or too many of them wait. */
export type Outcome = "taken" | "unknown" | "crowded";
export type Answered = (outcome: Outcome) => void;

/** While a client is not read, so many of its requests wait, and so many bytes of them. */
const mostWaiting = 64;
const mostWaitingBytes = 262_144;

export class Emulation {
  readonly #node: string;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #connections = new TransientMap<string, EmulatedConnection>();

  /** @param node Names this process to clients, which say where their session is. */
  constructor({ node, random, clock }: { readonly node: string; readonly random: Random; readonly clock: Clock }) {
    this.#node = node;
    this.#random = random;
    this.#clock = clock;
  }

  /** Connections that are open. */
  get size(): number {
    return this.#connections.size;
  }

  /** Begins on a stream. `first`: what its request said. */
  open(
    stream: Connection,
    first: Pick<EmulationRequest, "data" | "form">,
    begin: (connection: Connection, place: EmulationPlace) => Opened,
  ): Opened {
    const session = this.#random.token(192);
    const connection = new EmulatedConnection(stream, this.#clock, () => void this.#connections.delete(session));
    this.#connections.set(session, connection);
    const opened = begin(connection, { session, node: this.#node });
    connection.begin(opened, first);
    return connection;
  }

  /** Whether its connection would be here. */
  isOwn({ node }: EmulationRequest): boolean {
    return node === this.#node;
  }

  take({ node, session, data, form }: EmulationRequest, answered: Answered): void {
    const connection = node === this.#node ? this.#connections.get(session) : undefined;
    if (connection === undefined) answered("unknown");
    else connection.take({ data, form, answered });
  }
}

interface Waiting extends Pick<EmulationRequest, "data" | "form"> {
  readonly answered: Answered;
}

class EmulatedConnection implements Connection, Opened {
  readonly info: ConnectionInfo;
  readonly framing: Framing;
  readonly #stream: Connection;
  readonly #clock: Clock;
  readonly #leave: () => void;
  #opened: Opened | null = null;
  #isHeld = false;
  #hasEnded = false;
  #received = 0;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;

  constructor(stream: Connection, clock: Clock, leave: () => void) {
    this.info = stream.info;
    this.framing = stream.framing;
    this.#stream = stream;
    this.#clock = clock;
    this.#leave = leave;
  }

  begin(opened: Opened, { data, form }: Pick<EmulationRequest, "data" | "form">): void {
    this.#opened = opened;
    this.receive(data, form);
  }

  take(request: Waiting): void {
    if (this.#hasEnded) return request.answered("unknown");
    if (!this.#isHeld && this.#waiting.length === 0) return this.#hear(request);
    const { length } = request.data;
    if (this.#waiting.length === mostWaiting || this.#waitingBytes + length > mostWaitingBytes) {
      return request.answered("crowded");
    }
    this.#waiting.push(request);
    this.#waitingBytes += length;
  }

  receive(message: Uint8Array, form: "text" | "bytes"): void {
    this.#received += message.length;
    this.#opened?.receive(message, form);
  }

  pong(): void {
    this.#opened?.pong();
  }

  writable(): void {
    this.#opened?.writable();
  }

  closed(code: number, reason: string): void {
    this.#end();
    this.#opened?.closed(code, reason);
  }

  traffic(): { readonly unsent: number; readonly received: number } {
    return { unsent: this.#stream.traffic().unsent, received: this.#received };
  }

  send(frames: readonly Uint8Array[]): "open" | "full" {
    return this.#stream.send(frames);
  }

  /** What comes while it is held waits for its answer: a browser does not make more of them than it has connections. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    // Not from within what the session does: commands that waited there go before.
    if (!isHeld && this.#waiting.length > 0) this.#clock.defer(() => this.#goOn());
  }

  close(code: number, reason: string, last?: Uint8Array): void {
    this.#end();
    this.#stream.close(code, reason, last);
  }

  terminate(): void {
    this.#end();
    this.#stream.terminate();
  }

  #hear({ data, form, answered }: Waiting): void {
    this.receive(data, form);
    answered("taken");
  }

  #goOn(): void {
    while (!this.#isHeld && this.#waiting.length > 0) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#waitingBytes -= next.data.length;
      this.#hear(next);
    }
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#leave();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { answered } of waiting) answered("unknown");
  }
}
