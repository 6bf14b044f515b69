// A store that tells its watchers at most once a frame, and does its work only while somebody watches.

import type { Cancel } from "./clock.ts";
import type { Ports } from "./ports.ts";
import { type Store, Value } from "./store.ts";

export class FrameValue<T> implements Store<T> {
  readonly #ports: Ports;
  readonly #value: Value<T>;
  readonly #start: () => Cancel;
  #build: (() => T) | null = null;
  #stopFrame: Cancel | null = null;
  #stop: Cancel | null = null;

  /** @param start Called when the first watcher comes; what it returns, when the last goes. */
  constructor(initial: T, ports: Ports, start: () => Cancel) {
    this.#value = new Value(initial, ports.onError);
    this.#ports = ports;
    this.#start = start;
  }

  readonly getSnapshot = (): T => this.#value.getSnapshot();

  readonly subscribe = (listener: () => void): Cancel => {
    const remove = this.#value.subscribe(listener);
    if (this.#value.listeners.size === 1) this.#stop = this.#start();
    return () => {
      remove();
      if (this.#value.listeners.size > 0) return;
      this.#stop?.();
      this.#stop = null;
      this.flush();
    };
  };

  /** Builds the next value in the next frame, however often it is called until then. */
  later(build: () => T): void {
    this.#build = build;
    this.#stopFrame ??= this.#ports.clock.frame(() => this.flush());
  }

  /** Builds it now. */
  flush(): void {
    this.#stopFrame?.();
    this.#stopFrame = null;
    const build = this.#build;
    this.#build = null;
    if (build !== null) this.#value.set(build());
  }
}
