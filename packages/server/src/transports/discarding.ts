// Discarding: what still comes behind a connection's last frame is read to nobody, a little at a time.
//
// It has to be read: a socket that is closed while bytes wait in it is reset, and the reset may overtake what the other
// side was told. But Node reads a socket that flows as fast as it is filled, 2 MiB of it in a row. What is parsed waits in
// line for that; this is not parsed, and has a line of its own: one socket is read at a time (decision 0070).
import type { Duplex } from "node:stream";
import { Link, Links } from "../collections/links.ts";
import type { Clock } from "../ports/clock.ts";

/** Whoever brings less than this does not wait for it. */
const turnBytes = 65_536;
/** So long after one of them the next is read: 13 MB a second of all of them. */
const restMs = 5;

export class Discarding {
  readonly #clock: Clock;
  readonly #line = new Links<Duplex>();
  #isResting = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Reads `socket`, to which nobody listens any more, to its end. */
  begin(socket: Duplex): void {
    const place = new Link(socket);
    let bytes = 0;
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes < turnBytes) return;
      bytes = 0;
      socket.pause();
      this.#line.add(place);
      this.#rest();
    });
    socket.once("close", () => place.leave());
  }

  #rest(): void {
    if (this.#isResting || this.#line.first === null) return;
    this.#isResting = true;
    this.#clock.after(restMs, () => {
      this.#isResting = false;
      this.#readNext();
      this.#rest();
    });
  }

  #readNext(): void {
    const next = this.#line.first;
    next?.unlink();
    next?.item?.resume();
  }
}
