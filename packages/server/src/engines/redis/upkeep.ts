// What is done now and then: expired publications and forgotten channels are let go, and the server is looked at again.
import { laneCount } from "./keys.ts";
import type { Link } from "./link.ts";

export interface UpkeepOptions {
  readonly ofLane: (lane: number) => readonly string[];
  readonly ofAll: (channel: string) => readonly string[];
  readonly asking: (operation: string) => string[];
  readonly refresh: () => Promise<void>;
}

/** Each lane is visited once in so many turns of a second. */
const roundTurns = 32;
/** Channels of one lane in one visit. */
const mostVisits = 50;

export class Upkeep {
  readonly #options: UpkeepOptions;
  #turn = 0;
  #isBusy = false;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** Once a second. */
  turn(link: Link): void {
    // The round before is not over: Redis has enough to do.
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#turn += 1;
    this.#round(link, this.#turn % roundTurns)
      .catch(() => {
        // What failed is visited again; whether Redis answers is found out elsewhere.
      })
      .finally(() => {
        this.#isBusy = false;
      });
  }

  async #round(link: Link, turn: number): Promise<void> {
    if (turn === 0) await this.#options.refresh();
    const lanes = Array.from({ length: laneCount / roundTurns }, (_, index) => turn + index * roundTurns);
    await Promise.all(lanes.map((lane) => this.#visit(link, lane)));
  }

  async #visit(link: Link, lane: number): Promise<void> {
    const { ofLane, ofAll, asking } = this.#options;
    const keys = ofLane(lane);
    const due = await link.run(keys, [...asking("due"), `${mostVisits}`]);
    if (!Array.isArray(due)) return;
    for (const name of due) {
      if (!Buffer.isBuffer(name)) continue;
      const channel = name.toString();
      await link.run([...keys, ...ofAll(channel)], [...asking("visit"), channel]);
    }
  }
}
