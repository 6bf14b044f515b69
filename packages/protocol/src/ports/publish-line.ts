// What waits for the server API: everything that is published while an answer is awaited goes in the next request together.
import { TidewireError } from "@tidewire/protocol";

/** What the server API has answered. */
export interface Answer {
  /** Why the request as a whole was refused; `null`: it was not. */
  readonly error: TidewireError | null;
  /** Of a batch: one for each of its commands. */
  readonly replies?: unknown;
}

/** Asks the server API. @throws {Error} When nobody can know. */
export type Ask = (method: "publish" | "batch", body: string) => Promise<Answer>;

interface Waiting {
  /** The parameters of a publish, as JSON. */
  readonly command: string;
  readonly resolve: () => void;
  readonly reject: (problem: unknown) => void;
}

/** What a request may have by the server's usual limits (`commandsPerFrame`, `requestBodyBytes`), with room for other servers' smaller ones. */
const mostCommands = 100;
const mostChars = 262_144;

/** Commands that may wait. */
const mostWaiting = 10_000;

export class PublishLine {
  readonly #ask: Ask;
  readonly #waiting: Waiting[] = [];
  #sending: Promise<void> | null = null;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Resolves when it is accepted. @param command The parameters of a publish, as JSON. */
  publish(command: string): Promise<void> {
    if (this.#waiting.length >= mostWaiting) {
      const problem = new TidewireError("overloaded", `${mostWaiting} publications wait for the server already`);
      return Promise.reject(problem);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, resolve, reject });
      if (this.#sending === null) this.#sending = this.#send();
    });
  }

  async #send(): Promise<void> {
    for (;;) {
      // What else is published in this turn goes along, also by those who were just answered.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#waiting.length === 0) break;
      const batch = this.#next();
      if (batch.length === 1) await this.#alone(batch);
      else await this.#together(batch);
    }
    this.#sending = null;
  }

  #next(): readonly Waiting[] {
    let [count, chars] = [0, 0];
    for (const { command } of this.#waiting) {
      chars += command.length;
      if (count === mostCommands || (count > 0 && chars > mostChars)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #together(batch: readonly Waiting[]): Promise<void> {
    const commands = batch.map(({ command }) => `{"publish":${command}}`);
    try {
      const { error, replies } = await this.#ask("batch", `{"parallel":true,"commands":[${commands.join(",")}]}`);
      // One that is overloaded, or lets nobody in, would say the same to each.
      if (error !== null && (error.temporary || unwelcome.has(error.code))) throw error;
      // A server that takes no batch, or no such large one, is asked for each.
      if (error !== null || !Array.isArray(replies) || replies.length !== batch.length) {
        return await this.#alone(batch);
      }
      for (const [n, one] of batch.entries()) settle(one, errorIn(replies[n]));
    } catch (thrown) {
      for (const { reject } of batch) reject(thrown);
    }
  }

  async #alone(batch: readonly Waiting[]): Promise<void> {
    for (const [n, one] of batch.entries()) {
      try {
        settle(one, (await this.#ask("publish", one.command)).error);
      } catch (thrown) {
        // The others are not kept waiting for as long, one after the other.
        for (const { reject } of batch.slice(n)) reject(thrown);
        return;
      }
    }
  }
}

/** HTTP's, for a key that is wrong. */
const unwelcome: ReadonlySet<number> = new Set([401, 403]);

function settle({ resolve, reject }: Waiting, error: TidewireError | null): void {
  if (error === null) resolve();
  else reject(error);
}

/** A command of a batch has no status of its own: the code of its error says what the status would. */
function errorIn(reply: unknown): TidewireError | null {
  const { error } = Object(reply) as { readonly error?: unknown };
  if (error === undefined) return null;
  const { code } = Object(error) as { readonly code?: unknown };
  return refusalOf(error, typeof code === "number" && code < 600 ? code : 400);
}

/** What the server API refused a command with, or the status that it answered with. */
export function refusalOf(error: unknown, status: number): TidewireError {
  const { code, message } = Object(error) as { readonly code?: unknown; readonly message?: unknown };
  return new TidewireError({
    received: {
      code: typeof code === "number" ? code : status,
      message: typeof message === "string" ? message : `the server API answered with status ${status}`,
      temporary: code === 100 || status >= 500 || status === 429,
    },
  });
}
