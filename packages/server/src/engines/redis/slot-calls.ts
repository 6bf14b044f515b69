// What is asked of one slot of a cluster, in its order, also while the slot goes from one server to another.
import type { Cancel, Clock } from "../../ports/clock.ts";
import { LinkLost } from "./link.ts";

interface Call {
  readonly send: () => Promise<unknown>;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (thrown: unknown) => void;
}

export interface SlotCallsOptions {
  readonly clock: Clock;
  /** Resolves when it is worth asking again what was refused by this error. Has to settle. */
  readonly mend: (refusal: Error, attempt: number) => Promise<void>;
}

/** A slot that nobody serves for so long refuses what waits for it, which then is not done for certain. */
const limitMs = 1_500;

/** Such an answer says that nothing was done, and that it may be had elsewhere or soon. */
function isRedirection(thrown: unknown): thrown is Error {
  return thrown instanceof Error && /^-?(MOVED|ASK|TRYAGAIN) ?/.test(thrown.message);
}

export class SlotCalls {
  readonly #options: SlotCallsOptions;
  /** On their way, refused in their order, and made since then: these wait, so that nothing overtakes (P1). */
  #sent = 0;
  #refused: Call[] = [];
  #held: Call[] = [];
  #refusal: Error = new LinkLost();
  #attempt = 0;
  #isMending = false;
  #cancelLimit: Cancel | null = null;

  constructor(options: SlotCallsOptions) {
    this.#options = options;
  }

  add<Reply>(send: () => Promise<Reply>): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => {
      const call = { send, resolve: resolve as (reply: unknown) => void, reject };
      if (this.#refused.length > 0) this.#held.push(call);
      else this.#send(call);
    });
  }

  /** What is on its way is told by the server. */
  close(): void {
    this.#giveUp(new LinkLost());
  }

  #send(call: Call): void {
    this.#sent += 1;
    call.send().then(
      (reply) => {
        this.#sent -= 1;
        call.resolve(reply);
        this.#again();
      },
      (thrown: unknown) => {
        this.#sent -= 1;
        if (isRedirection(thrown)) this.#refuse(call, thrown);
        else call.reject(thrown);
        this.#again();
      },
    );
  }

  #refuse(call: Call, refusal: Error): void {
    this.#refused.push(call);
    this.#refusal = refusal;
    this.#cancelLimit ??= this.#options.clock.after(limitMs, () => this.#giveUp(this.#refusal));
  }

  /** Nothing is said again before all that was said has been answered. */
  #again(): void {
    if (this.#sent > 0 || this.#isMending) return;
    if (this.#refused.length === 0) return this.#mended();
    this.#isMending = true;
    this.#attempt += 1;
    void this.#options.mend(this.#refusal, this.#attempt).finally(() => {
      this.#isMending = false;
      const calls = [...this.#refused, ...this.#held];
      this.#refused = [];
      this.#held = [];
      for (const call of calls) this.#send(call);
    });
  }

  #mended(): void {
    this.#attempt = 0;
    this.#cancelLimit?.();
    this.#cancelLimit = null;
  }

  #giveUp(reason: Error): void {
    const calls = [...this.#refused, ...this.#held];
    this.#refused = [];
    this.#held = [];
    this.#cancelLimit?.();
    this.#cancelLimit = null;
    for (const { reject } of calls) reject(reason);
  }
}
