// Lets go of tables that have no value any more and that nobody wrote to for long, as the stream's age does with logs.
//
// What is older than that age can only be a table's (decision 0058), so all of them are found from the stream's beginning.
import type { Clock } from "../../ports/clock.ts";
import type { Reached } from "./line.ts";
import { headIn, recordIn } from "./log-records.ts";
import type { Names } from "./names.ts";

export interface SweepOptions {
  readonly names: Names;
  readonly clock: Clock;
  readonly forgetAfterMs: number;
}

/** Records that are looked at in one turn. */
const mostAtOnce = 10;

export class Sweep {
  readonly #options: SweepOptions;
  #from = 1;

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  /** Goes on where the last turn ended; from the beginning again when it comes to what is young. */
  async turn({ client: { manager } }: Reached): Promise<void> {
    const { names, clock, forgetAfterMs } = this.#options;
    const isOld = ({ time }: { readonly time: Date }): boolean => clock.wall() - time.getTime() > forgetAfterMs;
    for (let count = 0; count < mostAtOnce; count += 1) {
      const found = await manager.streams.getMessage(names.logs, { seq: this.#from, next_by_subj: names.allLogs });
      if (found === null || !isOld(found)) {
        this.#from = 1;
        return;
      }
      this.#from = found.seq + 1;
      const newest = await manager.streams.getMessage(names.logs, { last_by_subj: found.subject });
      const record = newest === null ? null : recordIn(newest.data);
      const head = record === null || newest === null ? null : headIn(record, newest.seq);
      if (newest === null || head?.table?.keys !== 0 || !isOld(newest)) continue;
      // All at once, so that nothing older comes to light; what somebody has written since stays.
      await manager.streams.purge(names.logs, { filter: found.subject, seq: newest.seq + 1 });
    }
  }
}
