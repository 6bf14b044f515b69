// Server-sent events as a load generator needs them: split at the blank lines, without copying.

const blankLine = Buffer.from("\n\n");

/** Splits a stream into events; fields tell of the event that `onEvent` is called for. */
export class EventReader {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  readonly #onEvent: (event: EventReader) => void;
  /** The beginning of an event whose end has not come yet. */
  #rest: Buffer | null = null;

  constructor(onEvent: (event: EventReader) => void) {
    this.#onEvent = onEvent;
  }

  /** @param chunk May be written over after the call. */
  read(chunk: Buffer): void {
    this.bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = null;
    let at = 0;
    for (let end = this.bytes.indexOf(blankLine); end >= 0; end = this.bytes.indexOf(blankLine, at)) {
      this.start = at;
      this.end = end;
      at = end + blankLine.length;
      this.#onEvent(this);
    }
    if (at < this.bytes.length) this.#rest = Buffer.from(this.bytes.subarray(at));
  }
}
