// Who else is on the bus: every node says once a second that it is there, and nobody else speaks for it.
import type { Cancel, Clock } from "../../ports/clock.ts";

/** Beats that may be missing until a node is not waited for; it may hang, and go on. */
const silentTurns = 5;
/** Beats that may be missing until a node is no more: about half a minute. */
const leaseTurns = 30;
/** Nodes that do not introduce themselves in this time are met by their next beat. */
const meetingMs = 500;
/** Nobody has so many; whoever says so means harm. */
const mostNodes = 1_000;

/** From a hello until everybody has answered it. */
interface Meeting {
  readonly met: Promise<void>;
  readonly settle: () => void;
  /** Whom others know, and who has not introduced itself; `null` before the first one has. */
  missing: Set<string> | null;
  readonly answered: Set<string>;
}

export class Roster {
  readonly #own: string;
  readonly #clock: Clock;
  /** By how many turns they have been silent for. */
  readonly #others = new Map<string, number>();
  #meeting: Meeting | null = null;

  constructor(own: string, clock: Clock) {
    this.#own = own;
    this.#clock = clock;
  }

  get names(): ReadonlySet<string> {
    return new Set(this.#others.keys());
  }

  /** Those that have been heard of lately. */
  get speaking(): readonly string[] {
    return [...this.#others].flatMap(([node, turns]) => (turns < silentTurns ? [node] : []));
  }

  /** Resolves when those who are there have introduced themselves, or had the time to. */
  get met(): Promise<void> {
    return this.#meeting?.met ?? Promise.resolve();
  }

  /** A hello is said. Nobody was silent before it: nobody could be heard. */
  begin(): void {
    this.lost();
    for (const node of this.#others.keys()) this.#others.set(node, 0);
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel: Cancel = this.#clock.after(meetingMs, () => this.lost());
    const settle = (): void => {
      cancel();
      resolve();
    };
    this.#meeting = { met: promise, settle, missing: null, answered: new Set() };
  }

  /** Nobody is waited for. */
  lost(): void {
    this.#meeting?.settle();
    this.#meeting = null;
  }

  /** @returns whether it is there: not this node, and not one too many. */
  heard(node: string): boolean {
    if (node === this.#own || (!this.#others.has(node) && this.#others.size >= mostNodes)) return false;
    this.#others.set(node, 0);
    return true;
  }

  /** It answered the hello, and said whom it knows. */
  introduced(node: string, known: readonly string[]): void {
    const meeting = this.#meeting;
    if (meeting === null) return;
    const { answered } = meeting;
    answered.add(node);
    meeting.missing ??= new Set();
    for (const name of known) if (name !== this.#own) meeting.missing.add(name);
    for (const name of answered) meeting.missing.delete(name);
    if (meeting.missing.size === 0) this.lost();
  }

  /** @returns whether it was there. */
  left(node: string): boolean {
    return this.#others.delete(node);
  }

  /** Once a second while beats can be heard. @returns those that are no more. */
  turn(): readonly string[] {
    const gone: string[] = [];
    for (const [node, turns] of this.#others) {
      this.#others.set(node, turns + 1);
      if (turns + 1 < leaseTurns) continue;
      this.#others.delete(node);
      gone.push(node);
    }
    return gone;
  }
}
