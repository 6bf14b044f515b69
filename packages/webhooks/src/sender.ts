// The sender: the rows and a lane for each endpoint, together.
import type { DatabaseSync } from "node:sqlite";
import type { DeadDelivery, DeliveryQuery, EndpointFigures, EndpointState } from "@tidewire/server";
import { type Cancel, reasonOf } from "@tidewire/protocol/ports";
import { DeliveryRows } from "./delivery-rows.ts";
import type { Endpoint } from "./endpoint.ts";
import { Lane, type LanePorts } from "./lane.ts";
import type { Notice, Standing } from "./notice.ts";

export interface SenderOptions {
  readonly database: DatabaseSync;
  readonly endpoints: readonly Endpoint[];
  readonly maxFileBytes: number;
  readonly ports: Omit<LanePorts, "rows">;
}

const housekeepingMs = 60_000;

export class Sender {
  readonly #options: SenderOptions;
  readonly #rows: DeliveryRows;
  readonly #lanes: readonly Lane[];
  #cancel: Cancel = () => undefined;

  constructor(options: SenderOptions) {
    const { database, endpoints, maxFileBytes, ports } = options;
    this.#options = options;
    this.#rows = new DeliveryRows(database, maxFileBytes);
    this.#lanes = endpoints.map((endpoint) => new Lane(endpoint, { ...ports, rows: this.#rows }));
  }

  start(): void {
    const { endpoints, ports } = this.#options;
    this.#rows.begin(endpoints, ports.clock.wall());
    this.#housekeepLater();
    this.#wake();
  }

  /** What it has taken is on the disk, and is delivered or becomes a dead letter. @throws {StoreFull} */
  take(notices: readonly Notice[]): void {
    this.#rows.take(notices, this.#options.endpoints, this.#options.ports.clock.wall());
    this.#wake();
  }

  recall(): readonly string[] {
    return this.#rows.standing();
  }

  adopt(standing: readonly Standing[]): void {
    this.#rows.adopt(standing);
  }

  states(): readonly EndpointState[] {
    return this.#rows.states(this.#options.endpoints);
  }

  figures(): readonly EndpointFigures[] {
    const nowMs = this.#options.ports.clock.wall();
    return this.#lanes.map(({ name, figures }) => ({ name, ...figures.now, ...this.#rows.depth(name, nowMs) }));
  }

  dead(query: DeliveryQuery): readonly DeadDelivery[] {
    return this.#rows.dead(query);
  }

  replay(which: { readonly endpoint: string | null; readonly id: string | null }): number {
    const replayed = this.#rows.replay(which, this.#options.endpoints, this.#options.ports.clock.wall());
    this.#wake();
    return replayed;
  }

  async stop(graceMs: number): Promise<void> {
    this.#cancel();
    await Promise.all(this.#lanes.map((lane) => lane.stop(graceMs)));
    this.#options.database.close();
  }

  #wake(): void {
    for (const lane of this.#lanes) lane.wake();
  }

  #housekeepLater(): void {
    const { clock, log } = this.#options.ports;
    this.#cancel = clock.after(housekeepingMs, () => {
      try {
        this.#rows.housekeep(clock.wall());
      } catch (thrown) {
        log.error("old deliveries cannot be forgotten", { reason: reasonOf(thrown) });
      }
      this.#housekeepLater();
    });
  }
}
