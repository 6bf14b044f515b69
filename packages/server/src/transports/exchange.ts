// Exchanges: connections of one request and one answer.
import type { ServerResponse } from "node:http";
import type { Connection, ConnectionInfo, Framing, Open } from "../dialects/connection.ts";
import { answer } from "./answer.ts";

/** An answer's body is the payload itself. */
const bodyFraming: Framing = { id: "http", ping: new Uint8Array(), wrap: (payload) => payload };

/** Opens a connection whose first frames are the answer. */
export function exchange(response: ServerResponse, info: ConnectionInfo, open: Open): void {
  const opened = open(new Exchange(response, info));
  response.once("close", () => opened.closed(response.writableFinished ? 1000 : 1006, ""));
}

class Exchange implements Connection {
  readonly info: ConnectionInfo;
  readonly framing = bodyFraming;
  readonly #response: ServerResponse;

  constructor(response: ServerResponse, info: ConnectionInfo) {
    this.#response = response;
    this.info = info;
  }

  traffic(): { readonly unsent: number; readonly received: number } {
    return { unsent: 0, received: 0 };
  }

  send(frames: readonly Uint8Array[]): "open" | "full" {
    answer(this.#response, { status: 200, body: Buffer.concat(frames) });
    return "open";
  }

  /** The body was read before it was opened. */
  hold(): void {}

  close(code: number, reason: string): void {
    answer(this.#response, { status: code, body: reason });
  }

  terminate(): void {
    this.#response.destroy();
  }
}
