// One guest's line: a fault proxy before this server for that guest alone, the numbers that pass it, and a log of it.
import type { Socket } from "node:net";
import { createFaultProxy, type FaultEvent, type FaultProxy } from "@tidewire/client/testing";
import type { Log } from "@tidewire/server";
import type { ActiveFault, LastingFault, LineEvent, Strike } from "../../contract/lab.ts";
import { type ActiveFaults, createActiveFaults } from "./active-faults.ts";
import type { Numbers } from "./numbers.ts";

/** A page has one connection at a time, and one that is half-open may linger; two pages of one guest have two. */
const mostConnections = 8;

export interface LineOptions {
  /** Where this server listens. */
  readonly to: { readonly host: string; readonly port: number };
  readonly numbers: Numbers;
  /** Writes into the guest's log. */
  readonly tell: (entry: LineEntry) => Promise<unknown>;
  readonly log: Log;
}

export interface LineEntry {
  readonly atMs: number;
  readonly number: number;
  readonly event: LineEvent;
  readonly active: ActiveFault[];
}

export interface Line {
  readonly active: ActiveFault[];
  /** Whether anybody is connected through it. */
  readonly isInUse: boolean;
  /** Takes a connection that was upgraded; what was read of it was put back. */
  accept(socket: Socket): void;
  /** A session on it has asked for the numbers. */
  subscribed(session: string): void;
  setFault(fault: LastingFault, isOn: boolean): Promise<void>;
  /** @returns To how many connections it was done. */
  strike(strike: Strike): Promise<number>;
  heal(): Promise<void>;
  /** Writes into its log that the process is about to be killed; resolves when that is written. */
  killing(): Promise<void>;
  close(): Promise<void>;
}

export async function openLine(options: LineOptions): Promise<Line> {
  const proxy = await createFaultProxy({ to: options.to, listen: null });
  const line = new GuestLine(proxy, options);
  line.begin();
  return line;
}

class GuestLine implements Line {
  readonly #proxy: FaultProxy;
  readonly #options: LineOptions;
  readonly #faults: ActiveFaults;

  constructor(proxy: FaultProxy, options: LineOptions) {
    this.#proxy = proxy;
    this.#options = options;
    this.#faults = createActiveFaults(
      (fault) => void this.#changed({ kind: "fault", fault, isOn: false, why: "time" }),
    );
  }

  get active(): ActiveFault[] {
    const isDead = this.#proxy.connections().some(({ state }) => state === "half-open");
    return [...this.#faults.list, ...(isDead ? [{ fault: "half-open", untilMs: null } as const] : [])];
  }

  get isInUse(): boolean {
    return this.#proxy.connections().length > 0;
  }

  begin(): void {
    this.#proxy.watch((event) => this.#heard(event));
    this.#tell({ kind: "line-opened", processId: process.pid });
  }

  accept(socket: Socket): void {
    if (this.#proxy.connections().length >= mostConnections) socket.resetAndDestroy();
    else if (this.#proxy.accept(socket) === null) this.#tell({ kind: "refused" });
  }

  subscribed(session: string): void {
    this.#tell({ kind: "session", session });
  }

  async setFault(fault: LastingFault, isOn: boolean): Promise<void> {
    if (isOn) this.#faults.set(fault);
    else if (!this.#faults.unset(fault)) return;
    await this.#changed({ kind: "fault", fault, isOn, why: "asked" });
    if (isOn && fault === "unplug") this.#proxy.cut("reset");
  }

  async strike(strike: Strike): Promise<number> {
    if (strike === "cut") return this.#proxy.cut("reset");
    const whole = this.#proxy.connections().filter(({ state }) => state === "open");
    for (const { id, faults } of whole) {
      // Only those that are open: whoever comes back gets a line that lives.
      await this.#proxy.set({ ...faults.up, ...faults.link, halfOpen: true }, { connection: id });
      this.#tell({ kind: "severed", connection: id });
    }
    return whole.length;
  }

  async heal(): Promise<void> {
    this.#faults.clear();
    const dead = this.#proxy.connections().filter(({ state }) => state === "half-open");
    await this.#changed({ kind: "healed" });
    for (const { id } of dead) this.#proxy.cut("reset", { connection: id });
  }

  async killing(): Promise<void> {
    await this.#write({ kind: "killing", processId: process.pid });
  }

  async close(): Promise<void> {
    this.#faults.clear();
    await Promise.all([this.#proxy.close(), this.#options.numbers.stop()]);
  }

  async #changed(event: LineEvent): Promise<void> {
    this.#tell(event);
    await this.#proxy.set(this.#faults.together);
  }

  #heard(event: FaultEvent): void {
    if (event.kind === "opened") this.#tell({ kind: "accepted", connection: event.connection });
    if (event.kind === "cut") this.#tell({ kind: "cut", connection: event.connection });
    if (event.kind !== "closed") return;
    const { connection, cause, downBytes } = event;
    this.#tell({ kind: "closed", connection, cause, downBytes });
  }

  #tell(event: LineEvent): void {
    this.#write(event).catch((thrown: unknown) => {
      this.#options.log.debug("the lab's log was not told", { reason: String(thrown) });
    });
  }

  async #write(event: LineEvent): Promise<void> {
    const { numbers, tell } = this.#options;
    await tell({ atMs: Date.now(), number: numbers.last, event, active: this.active });
  }
}
