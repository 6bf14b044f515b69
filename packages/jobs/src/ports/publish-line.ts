// What waits for the server API: everything that is published while an answer is awaited goes in the next request together.
import { TidewireError } from "@tidewire/protocol";

/** What the server API says to one command. */
export interface Reply {
  readonly error?: unknown;
}

/** Asks the server API; a refusal of the whole request is a reply with an error. @throws {Error} When nobody can know. */
export type Post = (method: "publish" | "batch", body: string) => Promise<Reply & { readonly replies?: unknown }>;

interface Waiting {
  /** The parameters of a publish, as JSON. */
  readonly command: string;
  readonly resolve: () => void;
  readonly reject: (problem: unknown) => void;
}

/** What a request may have by the server's usual limits (`commandsPerFrame`, `requestBodyBytes`), with room for other servers' smaller ones. */
const mostCommands = 100;
const mostChars = 262_144;

export class PublishLine {
  readonly #post: Post;
  readonly #waiting: Waiting[] = [];
  #sending: Promise<void> | null = null;

  constructor(post: Post) {
    this.#post = post;
  }

  /** Resolves when it is accepted. @param command The parameters of a publish, as JSON. */
  publish(command: string): Promise<void> {
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
      const { error, replies } = await this.#post("batch", `{"parallel":true,"commands":[${commands.join(",")}]}`);
      // A server that takes no batch, or no such large one, is asked for each.
      if (error !== undefined || !Array.isArray(replies) || replies.length !== batch.length) {
        return await this.#alone(batch);
      }
      for (const [n, one] of batch.entries()) settle(one, Object(replies[n]) as Reply);
    } catch (thrown) {
      for (const { reject } of batch) reject(thrown);
    }
  }

  async #alone(batch: readonly Waiting[]): Promise<void> {
    for (const one of batch) {
      try {
        settle(one, await this.#post("publish", one.command));
      } catch (thrown) {
        one.reject(thrown);
      }
    }
  }
}

function settle({ resolve, reject }: Waiting, { error }: Reply): void {
  if (error === undefined) resolve();
  else reject(errorOf(error));
}

function errorOf(error: unknown): TidewireError {
  const { code, message } = Object(error) as { readonly code?: unknown; readonly message?: unknown };
  const status = typeof code === "number" ? code : 500;
  return new TidewireError({
    received: {
      code: status,
      message: typeof message === "string" ? message : "the server API answered with an error that has no words",
      temporary: status === 100 || status === 429 || (status >= 500 && status < 600),
    },
  });
}
