// One direction of a proxied connection: reads one socket, holds bytes as its faults say, and writes the other.
import type { Socket } from "node:net";
import type { Cancel, Clock, Random } from "../clock.ts";
import type { FlowFigures } from "./events.ts";
import type { FlowFaults } from "./faults.ts";
import { resetSocket } from "./reset-socket.ts";

/** Above it the sending side is not read; one read of at most 64 KiB may still come on top. */
const highWaterBytes = 1_048_576;
/** The same for small reads, each of which costs memory beside its bytes. */
const maxPieces = 4_096;
/** Bandwidth is given out in portions this long: small enough to look even, large enough for timers. */
const portionMs = 20;
/** The kernel joins what is written in the same turn. */
const sliceGapMs = 1;

/** What came from the sending side, in order. `chance` is its part of whatever jitter is set when its turn comes. */
interface Piece {
  readonly what: Buffer | "end" | "reset";
  readonly arrivedMs: number;
  readonly chance: number;
}

/**
 * `carrying`: what comes in goes out. `swallowing`: what comes in is gone, an end too. `draining`: likewise, and it is
 * read whatever the faults say, so that the sending side's end is seen.
 */
type Mode = "carrying" | "swallowing" | "draining";

export interface Ports {
  readonly clock: Pick<Clock, "now" | "after">;
  readonly random: Random;
}

export class Flow {
  readonly #ports: Ports;
  #faults: FlowFaults = {};
  #mode: Mode = "carrying";
  #source: Socket | null = null;
  #sink: Socket | null = null;
  #queue: Piece[] = [];
  #queuedBytes = 0;
  #readBytes = 0;
  #sentBytes = 0;
  /** When the bandwidth, or the gap between two slices, lets the next bytes go. */
  #freeMs = 0;
  #cancelTimer: Cancel | null = null;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  get figures(): FlowFigures {
    const unsentBytes = this.#sink?.writableLength ?? 0;
    return {
      readBytes: this.#readBytes,
      sentBytes: this.#sentBytes,
      waitingBytes: this.#queuedBytes + unsentBytes,
    };
  }

  /** Reads it from now on; before there is a sink, up to the high-water mark. */
  readFrom(source: Socket): void {
    this.#source = source;
    source.on("data", (bytes: Buffer) => {
      this.#readBytes += bytes.length;
      this.#take(bytes);
    });
    source.on("end", () => this.#take("end"));
    source.on("error", () => this.#take("reset"));
    this.#regulate();
  }

  writeTo(sink: Socket): void {
    this.#sink = sink;
    sink.on("drain", () => this.#pump());
    // Nobody is left to carry anything to.
    sink.on("close", () => this.#discard("draining"));
    this.#pump();
  }

  /** They hold for what is already on the way too. */
  setFaults(faults: FlowFaults): void {
    this.#faults = faults;
    this.#freeMs = this.#ports.clock.now();
    this.#pump();
  }

  /** The line is dead: what is on the way is lost, and so is all that follows. */
  swallow(): void {
    this.#discard("swallowing");
  }

  /** Ends the receiving side now; what is on the way is lost. */
  end(): void {
    this.#discard("draining");
    this.#sink?.end();
  }

  /** Loses what is on the way; no timer is left. */
  stop(): void {
    this.#discard("draining");
  }

  #take(what: Piece["what"]): void {
    if (this.#mode !== "carrying") return;
    const chance = this.#faults.jitterMs === undefined ? 0 : this.#ports.random();
    this.#queue.push({ what, arrivedMs: this.#ports.clock.now(), chance });
    this.#queuedBytes += sizeOf(what);
    this.#pump();
  }

  #discard(mode: Mode): void {
    // A flow that drains is over, and does not go back to being a dead line.
    if (this.#mode !== "draining") this.#mode = mode;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#pump();
  }

  /** Passes on whatever may go, and sets a timer for what may go later. */
  #pump(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    while (this.#mayWrite()) {
      const head = this.#queue[0];
      if (head === undefined) break;
      const waitMs = Math.max(this.#dueMs(head), this.#freeMs) - this.#ports.clock.now();
      if (waitMs > 0) {
        this.#cancelTimer = this.#ports.clock.after(Math.ceil(waitMs), () => this.#pump());
        break;
      }
      this.#passOn(head);
    }
    this.#regulate();
  }

  #mayWrite(): boolean {
    const sink = this.#sink;
    return sink !== null && !sink.writableNeedDrain && this.#faults.stopWriting !== true;
  }

  /** The head alone decides: a later piece that would be due earlier waits behind it, so the order is kept. */
  #dueMs({ arrivedMs, chance }: Piece): number {
    const { delayMs = 0, jitterMs = 0 } = this.#faults;
    return arrivedMs + delayMs + jitterMs * chance;
  }

  #passOn(head: Piece): void {
    const { what } = head;
    if (typeof what === "string") {
      this.#queue.shift();
      if (this.#sink === null) return;
      if (what === "end") this.#sink.end();
      else resetSocket(this.#sink);
      return;
    }
    const bytes = what.subarray(0, this.#portionOf(what.length));
    if (bytes.length === what.length) this.#queue.shift();
    else this.#queue[0] = { ...head, what: what.subarray(bytes.length) };
    this.#queuedBytes -= bytes.length;
    this.#sentBytes += bytes.length;
    this.#charge(bytes.length);
    this.#sink?.write(bytes);
  }

  #portionOf(bytes: number): number {
    const { bytesPerSecond = Infinity, sliceBytes = Infinity } = this.#faults;
    return Math.min(bytes, sliceBytes, Math.max(1, Math.floor((bytesPerSecond * portionMs) / 1_000)));
  }

  #charge(bytes: number): void {
    const { bytesPerSecond, sliceBytes } = this.#faults;
    const nowMs = this.#ports.clock.now();
    if (bytesPerSecond !== undefined) {
      // A timer that is late is made up for, by at most a portion.
      this.#freeMs = Math.max(this.#freeMs, nowMs - portionMs) + (bytes * 1_000) / bytesPerSecond;
    }
    if (sliceBytes !== undefined) this.#freeMs = Math.max(this.#freeMs, nowMs + sliceGapMs);
  }

  /** Back-pressure: a full queue stops the reading, and TCP tells the sending side. */
  #regulate(): void {
    if (this.#source === null) return;
    if (this.#mayRead()) this.#source.resume();
    else this.#source.pause();
  }

  #mayRead(): boolean {
    if (this.#mode === "draining") return true;
    if (this.#faults.stopReading === true) return false;
    return this.#queuedBytes < highWaterBytes && this.#queue.length < maxPieces;
  }
}

function sizeOf(what: Piece["what"]): number {
  return typeof what === "string" ? 0 : what.length;
}
