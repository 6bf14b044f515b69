// One end of the socket between owner and worker: what is sent in a turn leaves in one write, what comes is records.
import type { Socket } from "node:net";
import type { Clock } from "../../ports/clock.ts";
import { reasonOf } from "../../ports/log.ts";
import { type LineRecord, RecordReader } from "./records.ts";

export interface LineEvents {
  /** @throws when it is no record of this protocol: the line is cut. */
  received(record: LineRecord): void;
  /** Less is unsent than the line takes at once. */
  drained(): void;
  /** Once. @param fault What was wrong with what came; `null`: the other end went away. */
  closed(fault: string | null): void;
}

/** While more than this waits to be sent, little more should be. */
const fullBytes = 16 * 1024 * 1024;

export class Line {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #events: LineEvents;
  readonly #reader = new RecordReader();
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #isHeld = false;
  #isOpen = true;
  #flushes = 0;

  constructor(socket: Socket, clock: Clock, events: LineEvents) {
    this.#socket = socket;
    this.#clock = clock;
    this.#events = events;
    socket.on("data", (piece: Buffer) => {
      this.#reader.add(piece);
      this.#read();
    });
    socket.on("drain", () => events.drained());
    // What an error was is of no use: the line is gone, and said to be so below.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#close(null));
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isFull(): boolean {
    return this.#gatheredBytes + this.#socket.writableLength > fullBytes;
  }

  /** How often something was handed to the socket: what was gathered at the same count was not yet. */
  get flushes(): number {
    return this.#flushes;
  }

  send(record: Buffer): void {
    if (!this.#isOpen) return;
    if (this.#gathered.length === 0) this.#clock.defer(() => this.#flush());
    this.#gathered.push(record);
    this.#gatheredBytes += record.length;
  }

  /** What comes waits while it is held. */
  hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld || !this.#isOpen) return;
    this.#isHeld = isHeld;
    if (isHeld) this.#socket.pause();
    else this.#clock.defer(() => this.#goOn());
  }

  /** Sends what was gathered, and ends. */
  end(): void {
    this.#flush();
    this.#socket.end();
  }

  cut(fault: string | null = null): void {
    this.#socket.destroy();
    this.#close(fault);
  }

  #goOn(): void {
    if (this.#isHeld || !this.#isOpen) return;
    this.#read();
    if (!this.#isHeld && this.#isOpen) this.#socket.resume();
  }

  #read(): void {
    try {
      while (!this.#isHeld && this.#isOpen) {
        const record = this.#reader.next();
        if (record === null) return;
        this.#events.received(record);
      }
    } catch (thrown) {
      this.cut(reasonOf(thrown));
    }
  }

  #flush(): void {
    if (this.#gathered.length === 0 || !this.#isOpen) return;
    const [first] = this.#gathered;
    const isOne = first !== undefined && this.#gathered.length === 1;
    this.#socket.write(isOne ? first : Buffer.concat(this.#gathered, this.#gatheredBytes));
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#flushes += 1;
  }

  #close(fault: string | null): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#events.closed(fault);
  }
}
