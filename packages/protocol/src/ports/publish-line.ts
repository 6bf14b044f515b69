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

/** Publications that go together: all of them on one channel, where there are several. */
interface Waiting {
  /** The parameters of each publish, as JSON. */
  readonly commands: readonly string[];
  readonly resolve: () => void;
  readonly reject: (problem: unknown) => void;
}

/** What a request may have by the server's usual limits (`commandsPerFrame`, `requestBodyBytes`), with room for other servers' smaller ones. */
const mostCommands = 100;
const mostChars = 262_144;

/** Of publishes that may wait. */
const mostWaiting = 10_000;

/** Requests that are out at a time: what is published meanwhile need not wait for the slowest, and still finds others to go with. */
const mostOut = 2;

export class PublishLine {
  readonly #ask: Ask;
  readonly #waiting: Waiting[] = [];
  #out = 0;
  #isGathering = false;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /**
   * Resolves when all are accepted, which happens in their order; rejects when one is not, and then none is that comes after it.
   * @param commands The parameters of one publish each, as JSON; of one channel, and no more than a request may have.
   */
  publish(...commands: readonly string[]): Promise<void> {
    if (this.#waiting.length >= mostWaiting) {
      const problem = new TidewireError("overloaded", `${mostWaiting} publications wait for the server already`);
      return Promise.reject(problem);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ commands, resolve, reject });
      this.#gather();
    });
  }

  /** What else is published in this turn goes along, also by those who were just answered. */
  #gather(): void {
    if (this.#isGathering || this.#out === mostOut || this.#waiting.length === 0) return;
    this.#isGathering = true;
    setImmediate(() => {
      this.#isGathering = false;
      this.#out += 1;
      const answered = (): void => {
        this.#out -= 1;
        this.#gather();
      };
      this.#send(this.#next()).then(answered, answered);
      this.#gather();
    });
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    if (batch.length === 1 && batch[0]?.commands.length === 1) await this.#alone(batch);
    else await this.#together(batch);
  }

  #next(): readonly Waiting[] {
    let [count, length, chars] = [0, 0, 0];
    for (const { commands } of this.#waiting) {
      length += commands.length;
      for (const command of commands) chars += command.length;
      if (count > 0 && (length > mostCommands || chars > mostChars)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #together(batch: readonly Waiting[]): Promise<void> {
    const commands = batch.flatMap((one) => one.commands.map((command) => `{"publish":${command}}`));
    const given = `{"parallel":true,"by_channel":true,"commands":[${commands.join(",")}]}`;
    try {
      const { error, replies } = await this.#ask("batch", given);
      // One that is overloaded, or lets nobody in, would say the same to each.
      if (error !== null && (error.temporary || unwelcome.has(error.code))) throw error;
      // A server that takes no batch, or no such large one, is asked for each.
      if (error !== null || !Array.isArray(replies) || replies.length !== commands.length) {
        return await this.#alone(batch);
      }
      let next = 0;
      for (const one of batch) {
        const own = replies.slice(next, (next += one.commands.length));
        settle(one, own.map(errorIn).find((problem) => problem !== null) ?? null);
      }
    } catch (thrown) {
      for (const { reject } of batch) reject(thrown);
    }
  }

  async #alone(batch: readonly Waiting[]): Promise<void> {
    for (const [n, one] of batch.entries()) {
      try {
        settle(one, await this.#each(one));
      } catch (thrown) {
        // The others are not kept waiting for as long, one after the other.
        for (const { reject } of batch.slice(n)) reject(thrown);
        return;
      }
    }
  }

  async #each({ commands }: Waiting): Promise<TidewireError | null> {
    for (const command of commands) {
      const { error } = await this.#ask("publish", command);
      if (error !== null) return error;
    }
    return null;
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
