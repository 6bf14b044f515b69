// The body of an answer as a load generator needs it: split at the ends of events or of lines, without copying.

/** What stands between the parts of a body. */
export const blankLine: Buffer = Buffer.from("\n\n");
export const lineEnd: Buffer = Buffer.from("\n");

/** Splits a stream into events, or lines; fields tell of the event that `onEvent` is called for. */
export class EventReader {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  readonly #between: Buffer;
  readonly #onEvent: (event: EventReader) => void;
  /** The beginning of an event whose end has not come yet. */
  #rest: Buffer | null = null;

  constructor(between: Buffer, onEvent: (event: EventReader) => void) {
    this.#between = between;
    this.#onEvent = onEvent;
  }

  /** @param chunk May be written over after the call. */
  read(chunk: Buffer): void {
    this.bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = null;
    const between = this.#between;
    let at = 0;
    for (let end = this.bytes.indexOf(between); end >= 0; end = this.bytes.indexOf(between, at)) {
      this.start = at;
      this.end = end;
      at = end + between.length;
      this.#onEvent(this);
    }
    if (at < this.bytes.length) this.#rest = Buffer.from(this.bytes.subarray(at));
  }
}
