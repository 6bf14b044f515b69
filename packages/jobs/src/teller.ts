// Tells of one run on its job's channel: in order, each event once, and never so that the work waits for long.
import type { JobEvent } from "@tidewire/protocol";
import { type Clock, type Log, reasonOf } from "@tidewire/protocol/ports";
import type { Publisher, Telling } from "./publisher.ts";
import type { Hold } from "./store/job-store.ts";

/** Events of one run that may wait; of a handler that awaits its progress there is one. */
const mostWaiting = 100;

/** For how long an event is tried, and how often: through the restart of a server. Then it is passed over. */
const triedMs = 10_000;
const againMs = 250;

export interface TellerPorts {
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly log: Log;
}

export class Teller {
  readonly #ports: TellerPorts;
  readonly #hold: Hold;
  /** What goes next, together. */
  #waiting: Telling[] = [];
  #unanswered = 0;
  #count = 0;
  #isCutOff = false;
  #last: Promise<void>;

  /** @param before What is to be told first. */
  constructor(hold: Hold, ports: TellerPorts, before: Promise<void> = Promise.resolve()) {
    this.#hold = hold;
    this.#ports = ports;
    this.#last = before;
  }

  get isFull(): boolean {
    return this.#unanswered >= mostWaiting;
  }

  /** Resolves when everything that was told is published, or was passed over. */
  get told(): Promise<void> {
    return this.#last;
  }

  /** Resolves when it is published, or was passed over. */
  tell(event: JobEvent): Promise<void> {
    this.#unanswered += 1;
    this.#count += 1;
    this.#waiting.push({ event, key: `${this.#hold.fence}.${this.#count}` });
    if (this.#waiting.length === 1) this.#last = this.#last.then(() => this.#send());
    return this.#last;
  }

  /** What else is told in this turn goes along: the start of a run and the first that its handler says of it. */
  async #send(): Promise<void> {
    await new Promise<void>((resolve) => this.#ports.clock.defer(resolve));
    const tellings = this.#waiting.splice(0);
    if (tellings.length === 1 || !(await this.#together(tellings))) {
      for (const { event, key } of tellings) await this.#publish(event, key);
    }
    this.#unanswered -= tellings.length;
  }

  /** @returns Whether all are published. Those that are keep their keys and their order when each is told by itself. */
  async #together(tellings: readonly Telling[]): Promise<boolean> {
    const { publisher } = this.#ports;
    if (publisher.publishAll === undefined || this.#isCutOff) return false;
    try {
      await publisher.publishAll(this.#hold.id, tellings);
      return true;
    } catch {
      return false;
    }
  }

  async #publish(event: JobEvent, key: string): Promise<void> {
    const { clock, log } = this.#ports;
    // After one that could not be told each gets one try, so that a server that is away does not hold up the next.
    const untilMs = this.#isCutOff ? 0 : clock.wall() + triedMs;
    for (;;) {
      const problem = await this.#try(event, key);
      this.#isCutOff = problem !== null && clock.wall() >= untilMs;
      if (problem === null) return;
      if (this.#isCutOff) {
        log.warn("an event of a job could not be published", { id: this.#hold.id, kind: event.kind, reason: problem });
        return;
      }
      await new Promise<void>((resolve) => void clock.after(againMs, resolve));
    }
  }

  async #try(event: JobEvent, key: string): Promise<string | null> {
    try {
      await this.#ports.publisher.publish(this.#hold.id, event, key);
      return null;
    } catch (thrown) {
      return reasonOf(thrown);
    }
  }
}
