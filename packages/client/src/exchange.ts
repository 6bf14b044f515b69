// The commands and replies of one connection: numbers, a time limit, and frames of several commands.

import type { TidewireError } from "@tidewire/protocol";
import type { Cancel, Clock } from "./clock.ts";
import { errorOf, type Fields, objectAt } from "./wire.ts";

export interface Question {
  /** One command as JSON, without its opening brace: see `encode`. */
  readonly body: string;
  /** What it publishes, where that is not JSON. */
  readonly bytes?: Uint8Array | undefined;
  /** The name of the result in the reply. */
  readonly method: string;
  /** The one who asks waits as long as he likes; every other question left unanswered ends the connection. */
  readonly isPatient?: boolean;
  readonly done?: (fields: Fields) => void;
  readonly failed?: (error: TidewireError) => void;
}

/** How long the server may take to answer; then the connection counts as broken (reference A8). */
const answerLimitMs = 5_000;

// The server takes 100 commands and 64 KiB a frame; 16,000 characters are at most 48,000 bytes.
const maxFrameCommands = 64;
const maxFrameCharacters = 16_000;

interface Pending {
  readonly question: Question;
  stopTimer: Cancel | null;
}

export interface ExchangeOptions {
  readonly clock: Clock;
  readonly send: (frame: string, bytes?: Uint8Array) => void;
  /** A question was left unanswered for `answerLimitMs`. */
  readonly unanswered: () => void;
}

/** A command as `ask` wants it, serialised once and ready to get its number. */
export function encode(command: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(command).slice(1);
}

export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #pending = new Map<number, Pending>();
  #lines: string[] = [];
  #lastId = 0;
  #isGreeted = false;

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** @returns The number of the question. */
  ask(question: Question): number {
    const id = ++this.#lastId;
    const pending: Pending = { question, stopTimer: null };
    this.#pending.set(id, pending);
    if (this.#isGreeted) this.#arm(pending);
    const line = `{"id":${id},${question.body}`;
    if (question.bytes === undefined) this.say(line);
    else {
      this.#flush();
      this.#options.send(line, question.bytes);
    }
    return id;
  }

  /** Sends a line that has no reply. All lines of one turn leave together. */
  say(line: string): void {
    if (this.#lines.push(line) === 1) queueMicrotask(() => this.#flush());
  }

  /** The connect reply has come: what was asked along with it is being worked on from now. */
  greeted(): void {
    this.#isGreeted = true;
    for (const pending of this.#pending.values()) this.#arm(pending);
  }

  settle(id: number, reply: Fields): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    pending.stopTimer?.();
    const { method, done, failed } = pending.question;
    const error = objectAt(reply, "error");
    if (error === null) done?.(objectAt(reply, method) ?? {});
    else failed?.(errorOf(error));
  }

  /** The connection is gone: nothing is sent any more, and no answer comes. */
  end(): void {
    this.#lines = [];
    for (const { stopTimer } of this.#pending.values()) stopTimer?.();
    this.#pending.clear();
  }

  #arm(pending: Pending): void {
    const { clock, unanswered } = this.#options;
    if (pending.question.isPatient !== true) pending.stopTimer = clock.after(answerLimitMs, unanswered);
  }

  #flush(): void {
    let frame: string[] = [];
    let characters = 0;
    for (const line of this.#lines.splice(0)) {
      if (frame.length === maxFrameCommands || (frame.length > 0 && characters + line.length > maxFrameCharacters)) {
        this.#options.send(frame.join("\n"));
        frame = [];
        characters = 0;
      }
      frame.push(line);
      characters += line.length;
    }
    if (frame.length > 0) this.#options.send(frame.join("\n"));
  }
}
