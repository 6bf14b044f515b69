// Backlog: requests of one connection that have no answer yet. HTTP lets a client send the next one before it has read
// anything (RFC 9112 §9.3.2), and one read of its socket brings more than a thousand.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Limits } from "../options.ts";
import type { Metrics } from "../ports/metrics.ts";

export class Backlog {
  readonly #most: number;
  readonly #metrics: Metrics;
  readonly #unanswered = new WeakMap<Socket, number>();

  constructor({ unansweredRequests }: Pick<Limits, "unansweredRequests">, metrics: Metrics) {
    this.#most = unansweredRequests;
    this.#metrics = metrics;
  }

  /** Counts it until it is answered. False for one too many, whose connection is cut, and for those behind it. */
  takes(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request;
    if (socket.destroyed) return false;
    const before = this.#unanswered.get(socket) ?? 0;
    if (before >= this.#most) {
      this.#metrics.hit("unansweredRequests");
      socket.destroy();
      return false;
    }
    this.#unanswered.set(socket, before + 1);
    response.once("close", () => this.#unanswered.set(socket, (this.#unanswered.get(socket) ?? 1) - 1));
    return true;
  }
}
