// Whether the store works, and if not why; it is asked again until it does.
import type { EngineSink } from "../../engine/engine.ts";
import type { Cancel, Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";

/** `disk`: commits fail. `stalled`: the worker does not answer. `dead`: there is no worker. */
export type Cause = "disk" | "stalled" | "dead";

export interface HealthOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly sink: EngineSink;
  /** Tries a write and tells the outcome by `probed`. */
  readonly probe: () => void;
  /** Opens the database anew: a handle may stay broken when its file system is well again. */
  readonly reopen: () => void;
}

const firstProbeMs = 250;
const lastProbeMs = 2_000;
const brokenBeforeReopen = 5;

/** Up while there is no cause to be down. */
export class Health {
  readonly #options: HealthOptions;
  readonly #causes = new Set<Cause>();
  #probeMs = firstProbeMs;
  #broken = 0;
  #cancel: Cancel | null = null;

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#causes.size === 0;
  }

  /** Whether a worker is there that answers; with a full disk it does. */
  get mayAsk(): boolean {
    return !this.#causes.has("dead") && !this.#causes.has("stalled");
  }

  fail(cause: Cause, reason: string): void {
    const wasUp = this.isUp;
    const isNew = !this.#causes.has(cause);
    this.#causes.add(cause);
    if (isNew) this.#options.log.error("the SQLite engine is down", { cause, reason });
    if (isNew && cause === "disk") this.#probeLater();
    if (wasUp) this.#options.sink.health("down");
  }

  heal(cause: Cause): void {
    if (!this.#causes.delete(cause) || !this.isUp) return;
    this.#options.log.info("the SQLite engine is up again", { cause });
    this.#options.sink.health("up");
    this.#options.sink.suspect("all");
  }

  /** What came of `probe`. */
  probed(outcome: "well" | "full" | "broken"): void {
    if (outcome === "well") {
      this.#probeMs = firstProbeMs;
      this.#broken = 0;
      this.heal("disk");
      return;
    }
    this.#broken = outcome === "broken" ? this.#broken + 1 : 0;
    if (this.#broken >= brokenBeforeReopen) {
      this.#broken = 0;
      this.#options.reopen();
    }
    this.#probeMs = Math.min(this.#probeMs * 2, lastProbeMs);
    this.#probeLater();
  }

  stop(): void {
    this.#cancel?.();
  }

  #probeLater(): void {
    this.#cancel = this.#options.clock.after(this.#probeMs, () => {
      if (this.mayAsk) this.#options.probe();
      else this.#probeLater();
    });
  }
}
