// Orders of jobs, one after the other for as long as a test lasts, whatever happens to their store meanwhile.
import { expect, onTestFinished, vi } from "vitest";

interface PlacedOrdersOptions {
  readonly order: () => Promise<readonly string[]>;
  /** Whether there are enough for now. */
  readonly isEnough?: (acked: readonly string[]) => boolean;
  /** How long a wait may take, in milliseconds. */
  readonly timeout: number;
}

const againMs = 20;

export class PlacedOrders {
  /** The ids of what was acked. */
  readonly acked: string[] = [];
  /** How often the store was not there. */
  refusals = 0;
  readonly #options: PlacedOrdersOptions;
  readonly #placing: Promise<void>;
  #isOver = false;
  lastRefusal = "nothing was refused";

  constructor(options: PlacedOrdersOptions) {
    this.#options = options;
    // Before what they need is taken away.
    onTestFinished(() => this.end());
    this.#placing = this.#place();
    // Whoever waits hears of it.
    this.#placing.catch(() => undefined);
  }

  /** Resolves when so many more are acked. */
  async more(count: number): Promise<void> {
    const target = this.acked.length + count;
    const enough = (): void => expect(this.acked.length, this.lastRefusal).toBeGreaterThan(target);
    await Promise.race([this.#placing, vi.waitFor(enough, { timeout: this.#options.timeout, interval: againMs })]);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#placing;
  }

  async #place(): Promise<void> {
    const { order, isEnough = () => false } = this.#options;
    while (!this.#isOver) {
      try {
        if (!isEnough(this.acked)) {
          this.acked.push(...(await order()));
          continue;
        }
      } catch (thrown) {
        expect(thrown).toMatchObject({
          reason: expect.stringMatching(/^(engine_unavailable|indeterminate)$/) as string,
        });
        this.refusals += 1;
        this.lastRefusal = `refused ${this.refusals} times, at last: ${String(thrown)}`;
      }
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  }
}
