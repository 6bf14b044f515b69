// The events of a fault proxy as server-sent events, to several readers.
import type { ServerResponse } from "node:http";
import type { FaultProxy } from "@tidewire/client/testing";

const maxReaders = 16;
/** A reader that leaves more than this unread is cut off: events are not kept for anybody. */
const maxUnreadBytes = 262_144;

export class EventStream {
  readonly #readers = new Set<ServerResponse>();
  readonly #cancel: () => void;

  constructor(proxy: FaultProxy) {
    this.#cancel = proxy.watch((event) => this.#write(`event: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`));
  }

  /** @returns Whether there was room for one more. */
  open(response: ServerResponse): boolean {
    if (this.#readers.size >= maxReaders) return false;
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    // So that the reader knows it is open, before anything happens.
    response.write(": open\n\n");
    this.#readers.add(response);
    response.once("close", () => void this.#readers.delete(response));
    return true;
  }

  close(): void {
    this.#cancel();
    for (const reader of this.#readers) reader.end();
  }

  #write(text: string): void {
    for (const reader of this.#readers) {
      if (reader.writableLength > maxUnreadBytes) reader.destroy();
      else reader.write(text);
    }
  }
}
