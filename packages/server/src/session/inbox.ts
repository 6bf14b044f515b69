// The inbox: the commands of one client that wait, for connect or for the client to read its replies.
import type { Limits } from "../options.ts";
import type { Metrics } from "../ports/metrics.ts";
import { withdraw } from "./calls.ts";
import type { Command, CommandId } from "./command.ts";
import type { Link } from "./link.ts";
import type { Outbox } from "./outbox.ts";

/** Whose inbox it is. */
export interface InboxHost {
  readonly node: { readonly metrics: Metrics; readonly limits: Pick<Limits, "controlFrames"> };
  readonly link: Pick<Link, "hold">;
  readonly isOpen: boolean;
  /** Whether replies pile up, and whether there is room for them again. */
  readonly outbox: Pick<Outbox, "isCrowded" | "crowdedBy" | "isRelieved">;
  obey(command: Command): void;
}

export class Inbox {
  readonly #host: InboxHost;
  #waiting: Command[] = [];
  /** Commands that were begun, or wait for earlier ones. */
  #running = 0;
  #isHeld = false;

  constructor(host: InboxHost) {
    this.#host = host;
  }

  /** Whether the client is not read at present. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Whether the client must read before more of its commands are obeyed. */
  get isBusy(): boolean {
    return this.#isHeld || this.#host.outbox.isCrowded || this.#running >= this.#most;
  }

  get #most(): number {
    return this.#host.node.limits.controlFrames;
  }

  /** Keeps a command until there is room. Before connect is decided some may wait; after it, the client is not read. */
  put(command: Command): void {
    this.#waiting.push(command);
    if (this.#host.isOpen || this.#waiting.length >= this.#most) this.#hold(true);
  }

  /** Whether the call that is to be canceled waits here: it is answered in its turn. */
  withdraw(call: CommandId): boolean {
    return withdraw(this.#waiting, call);
  }

  begun(): void {
    this.#running += 1;
  }

  ended(): void {
    this.#running -= 1;
    this.relieve();
  }

  /** Connect was decided: what waited for it is obeyed. */
  admit(): void {
    const waiting = this.#waiting;
    this.clear();
    this.#hold(false);
    for (const command of waiting) this.#host.obey(command);
  }

  /** Connect was refused: what waited for it is ignored. */
  refuse(): void {
    this.clear();
    this.#hold(false);
  }

  /** Obeys what waits, as far as there is room again. */
  relieve(): void {
    if (!this.#isHeld || !this.#host.isOpen || !this.#host.outbox.isRelieved || this.#running > this.#most / 2) return;
    const waiting = this.#waiting;
    this.clear();
    this.#isHeld = false;
    for (const [index, command] of waiting.entries()) {
      if (this.isBusy) {
        this.#waiting = [...waiting.slice(index), ...this.#waiting];
        break;
      }
      this.#host.obey(command);
    }
    this.#isHeld = true;
    if (this.#waiting.length === 0) this.#hold(false);
  }

  clear(): void {
    this.#waiting = [];
  }

  #hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld) return;
    this.#isHeld = isHeld;
    const { node, outbox } = this.#host;
    node.metrics.add(isHeld ? "reading_held" : "reading_resumed");
    // What was begun has its reply yet to come, so it counts as one that waits.
    if (isHeld) node.metrics.hit(outbox.crowdedBy ?? "controlFrames");
    this.#host.link.hold(isHeld);
  }
}
