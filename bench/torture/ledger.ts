// The ledger of one channel: what stands where in its log, as acks, deliveries and history tell it, and where they contradict each other.
import type { Position } from "@tidewire/protocol";
import type { Faults } from "./witness.ts";

/** An ack as the checker keeps it. */
export interface Acked extends Position {
  readonly durability: string;
}

export interface LedgerOptions {
  /** Whether what was acked outlives everything that is done to the engine. If not, a value may be published anew after a loss. */
  readonly keepsAcked: boolean;
}

export class Ledger {
  /** Two values at one place. */
  misplaced = 0;
  /** One value at two places, which was published under one key. */
  doubled = 0;
  readonly acked = new Map<number, Acked>();
  /** The newest place of which anybody told. */
  top: Position | null = null;
  readonly #keepsAcked: boolean;
  readonly #epochs = new Map<string, number[]>();
  readonly #places: Position[] = [];

  constructor({ keepsAcked }: LedgerOptions) {
    this.#keepsAcked = keepsAcked;
  }

  ack(value: number, ack: Acked): void {
    this.acked.set(value, ack);
    this.learn(ack, value);
  }

  learn(position: Position, value: number): void {
    const { epoch, offset } = position;
    if (this.top?.epoch !== epoch || offset > this.top.offset) this.top = position;
    let values = this.#epochs.get(epoch);
    if (values === undefined) this.#epochs.set(epoch, (values = []));
    if (values[offset] === undefined) values[offset] = value;
    else if (values[offset] !== value) this.misplaced += 1;
    const place = this.#places[value];
    if (place?.offset === offset) return;
    const isDoubled = place !== undefined && (this.#keepsAcked || place.epoch === epoch);
    if (isDoubled) this.doubled += 1;
    else this.#places[value] = position;
  }

  /** What is at another place is nobody's alone. */
  addTo(faults: Faults): void {
    faults.misplaced += this.misplaced;
    faults.repeated += this.doubled;
  }

  /**
   * The log as it was read at the end.
   * @returns How many publications it lacks that were acked.
   */
  close(log: readonly { readonly position: Position; readonly value: number }[]): number {
    const kept = new Set<number>();
    for (const { position, value } of log) {
      this.learn(position, value);
      kept.add(value);
    }
    let lacking = 0;
    for (const value of this.acked.keys()) if (!kept.has(value)) lacking += 1;
    return lacking;
  }
}
