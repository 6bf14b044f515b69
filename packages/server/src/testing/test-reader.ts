// A subscriber that pulls when a test says so, and an encoder whose bytes can be read back.
import type { Position } from "@tidewire/protocol";
import type { Encoder } from "../hub/encoder.ts";
import type { Cursor } from "../hub/cursor.ts";
import type { Pullable, Pulled, Subscriber } from "../hub/subscriber.ts";

/** What a reader was handed, in order. */
export type Said =
  | { readonly kind: "publication"; readonly id: string; readonly length: number }
  | Extract<Pulled, { readonly kind: "gap" }>;

const decoder = new TextDecoder();

/** Says `id:data;`; the data has neither of the two marks. */
export const plainEncoder: Encoder = {
  id: "plain",
  publication: (publication) => Buffer.from(`${publication.id}:${decoder.decode(publication.data)};`),
  member: (change) =>
    Buffer.from(
      change.kind === "counts"
        ? `${change.areListed ? "listed" : "counts"} ${change.clients};`
        : `${change.kind} ${change.member.session};`,
    ),
};

export class TestReader implements Subscriber {
  readonly id: string = "reader";
  readonly said: Said[] = [];
  start: Position = { epoch: "", offset: 0 };
  recovered = false;
  #cursor: Cursor | null = null;
  /** Sources that said they are ready, in order. */
  readonly outbox: Pullable[] = [];

  get cursor(): Cursor {
    if (this.#cursor === null) throw new Error("the reader has no cursor yet");
    return this.#cursor;
  }

  begin(cursor: Cursor, start: Position): void {
    this.#cursor = cursor;
    this.start = start;
  }

  ready(source: Pullable): void {
    if (this.outbox.includes(source)) throw new Error("it is in the outbox already");
    this.outbox.push(source);
  }

  /** Pulls from the first that is ready; returns the bytes. */
  pull(pageBytes: number): number {
    const source = this.outbox.shift();
    if (source === undefined) return 0;
    const pulled = source.pull({ pageBytes, tableBytes: pageBytes });
    if (pulled.kind === "later") return 0;
    if (pulled.more) this.outbox.push(source);
    if (pulled.kind === "gap") {
      this.said.push(pulled);
      return 0;
    }
    const bytes = Buffer.concat(pulled.frames);
    const frames = decoder.decode(bytes).split(";").slice(0, -1);
    if (bytes.length > pageBytes && frames.length > 1) {
      throw new Error(`expected at most ${pageBytes} bytes or one publication, got ${bytes.length} bytes`);
    }
    for (const frame of frames) {
      const [id = "", data = ""] = frame.split(":");
      this.said.push({ kind: "publication", id, length: data.length });
    }
    return bytes.length;
  }

  flush(): boolean {
    return false;
  }

  end(): void {
    // The hub ends no subscription by itself.
  }
}
