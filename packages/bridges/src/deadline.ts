// A time by which several answers have to be there.
import type { Cancel } from "@tidewire/protocol/ports";
import type { Clock } from "./ports/clock.ts";

export class Deadline {
  readonly error: Error;
  readonly #late = Promise.withResolvers<never>();
  readonly #cancel: Cancel;
  #isOver = false;

  constructor(ms: number, clock: Clock) {
    this.error = new Error(`expected an answer within ${ms} ms, got none`);
    this.#late.promise.catch(() => undefined);
    this.#cancel = clock.after(ms, () => {
      this.#isOver = true;
      this.#late.reject(this.error);
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What `promise` becomes, or `error`. */
  async meet<Value>(promise: Promise<Value>): Promise<Value> {
    return await Promise.race([promise, this.#late.promise]);
  }

  /** Nothing more is awaited. */
  end(): void {
    this.#cancel();
  }
}
