// What an `EventSource` makes of a stream of bytes: WHATWG HTML, "Interpreting an event stream", step by step.

export interface StreamedEvent {
  readonly type: string;
  readonly data: string;
  /** The newest id before its end, its own or an earlier one. */
  readonly lastEventId: string;
}

export class EventParser {
  readonly events: StreamedEvent[] = [];
  /** What the client would show when it comes back. */
  lastEventId = "";
  /** `null` while the stream has not said it. */
  retryMs: number | null = null;
  /** Lines that begin with a colon. */
  comments = 0;
  readonly #decoder = new TextDecoder("utf-8");
  #rest = "";
  #data: string[] = [];
  #type = "";
  #id = "";

  feed(bytes: Uint8Array): void {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    for (;;) {
      // A CR at the end may be the first half of a line's end.
      const found = /\r\n|\n|\r(?!$)/.exec(this.#rest);
      if (found === null) return;
      const line = this.#rest.slice(0, found.index);
      this.#rest = this.#rest.slice(found.index + found[0].length);
      if (line === "") this.#dispatch();
      else this.#take(line);
    }
  }

  #take(line: string): void {
    const colon = line.indexOf(":");
    if (colon === 0) return void (this.comments += 1);
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") this.#type = value;
    else if (name === "data") this.#data.push(value);
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
  }

  #dispatch(): void {
    this.lastEventId = this.#id;
    if (this.#data.length > 0) {
      this.events.push({ type: this.#type || "message", data: this.#data.join("\n"), lastEventId: this.lastEventId });
    }
    this.#data = [];
    this.#type = "";
  }
}
