// The machine's clock, which knows how many timers are waiting: those of the server keep no process alive, so Node tells nobody.
import { type Clock, systemClock } from "../../packages/server/src/ports/clock.ts";

export class CountingClock implements Clock {
  #waiting = 0;

  get waiting(): number {
    return this.#waiting;
  }

  now(): number {
    return systemClock.now();
  }

  wall(): number {
    return systemClock.wall();
  }

  after(ms: number, act: () => void): () => void {
    let isWaiting = true;
    this.#waiting += 1;
    const end = (): void => {
      if (isWaiting) this.#waiting -= 1;
      isWaiting = false;
    };
    const cancel = systemClock.after(ms, () => {
      end();
      act();
    });
    return () => {
      end();
      cancel();
    };
  }

  defer(act: () => void): void {
    systemClock.defer(act);
  }
}
