// A value that can be watched, in the shape that `useSyncExternalStore` wants; and listeners of events.

import type { Cancel } from "./clock.ts";

/** A value to read and to watch. Both functions may be passed around without their object. */
export interface Store<Value> {
  readonly getSnapshot: () => Value;
  readonly subscribe: (listener: () => void) => Cancel;
}

/** Takes what a listener of the application threw. */
export type Report = (error: unknown) => void;

/** Functions to call, in the order in which they came. One that throws does not keep the next from being called. */
export class Listeners<Event> {
  readonly #members = new Set<{ readonly listen: (event: Event) => void }>();
  readonly #report: Report;
  #events: Event[] = [];

  constructor(report: Report) {
    this.#report = report;
  }

  get size(): number {
    return this.#members.size;
  }

  readonly add = (listen: (event: Event) => void): Cancel => {
    const member = { listen };
    this.#members.add(member);
    return () => void this.#members.delete(member);
  };

  /** An event that a listener causes comes after the one that it was told of, for every listener. */
  emit(event: Event): void {
    if (this.#events.push(event) > 1) return;
    for (const next of this.#events) {
      for (const { listen } of this.#members) {
        try {
          listen(next);
        } catch (error) {
          this.#report(error);
        }
      }
    }
    this.#events = [];
  }
}

/** A store with a way to change it. */
export class Value<T> implements Store<T> {
  readonly listeners: Listeners<T>;
  #value: T;

  constructor(value: T, report: Report) {
    this.#value = value;
    this.listeners = new Listeners(report);
    this.subscribe = this.listeners.add;
  }

  readonly getSnapshot = (): T => this.#value;
  readonly subscribe: Store<T>["subscribe"];

  set(value: T): void {
    this.#value = value;
    this.listeners.emit(value);
  }
}

/** Lets a bug in a listener surface where the platform shows uncaught errors, and the socket's work go on. */
export function rethrowLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
