// What is asked of one slot of a cluster, in its order, also while the slot goes from one server to another.
import type { Cancel, Clock } from "../../ports/clock.ts";
import { LinkLost } from "./link.ts";

interface Call {
  readonly send: () => Promise<unknown>;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (thrown: unknown) => void;
  /** By the clock; `null` as long as nobody refused it. */
  waitsSince: number | null;
}

export interface SlotCallsOptions {
  readonly clock: Clock;
  /** Resolves when it is worth asking again what was refused by this error. It has to settle. */
  readonly mend: (refusal: Error, attempt: number) => Promise<void>;
}

/** What nobody would do for so long is refused, and then is not done for certain. */
const limitMs = 1_500;

/** Such an answer says that nothing was done, and that it may be had elsewhere or soon. */
export function isRedirection(thrown: unknown): thrown is Error {
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
      const call = { send, resolve: resolve as (reply: unknown) => void, reject, waitsSince: null };
      if (this.#waits || this.#isMending) this.#hold(call, this.#held);
      else this.#send(call);
    });
  }

  /** What is on its way is told by the server. */
  close(): void {
    this.#mended();
    for (const { reject } of [...this.#refused, ...this.#held]) reject(new LinkLost());
    this.#refused = [];
    this.#held = [];
  }

  get #waits(): boolean {
    return this.#refused.length > 0 || this.#held.length > 0;
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
        if (isRedirection(thrown)) {
          this.#refusal = thrown;
          this.#hold(call, this.#refused);
        } else call.reject(thrown);
        this.#again();
      },
    );
  }

  #hold(call: Call, among: Call[]): void {
    const nowMs = this.#options.clock.now();
    call.waitsSince ??= nowMs;
    if (nowMs - call.waitsSince >= limitMs) return call.reject(this.#refusal);
    among.push(call);
    this.#cancelLimit ??= this.#options.clock.after(limitMs, () => this.#expire());
  }

  #expire(): void {
    const { clock } = this.#options;
    const nowMs = clock.now();
    const isYoung = ({ waitsSince }: Call): boolean => nowMs - (waitsSince ?? 0) < limitMs;
    const late = [...this.#refused, ...this.#held].filter((call) => !isYoung(call));
    this.#refused = this.#refused.filter(isYoung);
    this.#held = this.#held.filter(isYoung);
    const [oldest] = [...this.#refused, ...this.#held];
    const leftMs = limitMs - (nowMs - (oldest?.waitsSince ?? 0));
    this.#cancelLimit = oldest === undefined ? null : clock.after(leftMs, () => this.#expire());
    for (const { reject } of late) reject(this.#refusal);
  }

  /** Nothing is said again before all that was said has been answered. */
  #again(): void {
    if (this.#sent > 0 || this.#isMending) return;
    if (!this.#waits) return this.#mended();
    this.#isMending = true;
    this.#attempt += 1;
    const resend = (): void => this.#resend();
    this.#options.mend(this.#refusal, this.#attempt).then(resend, resend);
  }

  #resend(): void {
    this.#isMending = false;
    const calls = [...this.#refused, ...this.#held];
    this.#refused = [];
    this.#held = [];
    for (const call of calls) this.#send(call);
  }

  #mended(): void {
    this.#attempt = 0;
    this.#cancelLimit?.();
    this.#cancelLimit = null;
  }
}
