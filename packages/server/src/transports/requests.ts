// Requests: method, origin and what is accepted decide whether one opens a stream, gets an answer, or is somebody else's.
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from "node:http";
import type { RequestErrorName } from "@tidewire/protocol";
import type { ConnectionInfo, Open } from "../dialects/connection.ts";
import type { Limits } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Random } from "../ports/random.ts";
import { answer, answerPreflight, failure, share } from "./answer.ts";
import type { Backlog } from "./backlog.ts";
import { BodyError, readBody } from "./body.ts";
import { EventStreamTransport, type Exchanged, writeStreamHead } from "./event-stream.ts";
import { exchange } from "./exchange.ts";
import type { Gate, Refusal } from "./gate.ts";
import { intercept, pathBehind } from "./intercept.ts";

/** What a request posts. */
export interface Posted {
  readonly bytes: Uint8Array;
  readonly headers: IncomingHttpHeaders;
}

/** What a path is, to requests. */
export type Resource =
  | {
      readonly kind: "channel";
      readonly stream: Open;
      readonly write: (posted: Posted) => Open;
      /** Told to whoever asks for anything else. */
      readonly help: string;
    }
  | { readonly kind: "answer"; readonly read: Open };

export interface RequestOptions {
  readonly gate: Gate;
  readonly backlog: Backlog;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  /** What `path` is; `null` when it is not ours. */
  readonly route: (path: string) => Resource | null;
}

/** What is asked for. */
type Wish = "preflight" | "stream" | "head of a stream" | "read" | "write" | "help" | "another method";

const methods = { channel: "GET, HEAD, POST, OPTIONS", answer: "GET, HEAD, OPTIONS" } as const;
const plainText = "text/plain; charset=utf-8";

export class Requests {
  readonly #options: RequestOptions;
  readonly #streams: EventStreamTransport;

  constructor(options: RequestOptions) {
    this.#options = options;
    this.#streams = new EventStreamTransport(options);
  }

  /** Takes our own requests from `server` before any other listener sees them. */
  attach(server: Server, prefix: string): void {
    intercept(server, "request", (request: IncomingMessage, response: ServerResponse) => {
      const path = pathBehind(prefix, request.url);
      const resource = path === null ? null : this.#options.route(path);
      if (resource === null) return false;
      if (this.#options.backlog.takes(request, response)) this.#serve(resource, { request, response });
      return true;
    });
  }

  /** Ends what is still open. */
  closeAll(): void {
    this.#streams.closeAll();
  }

  #serve(resource: Resource, exchanged: Exchanged): void {
    const { gate, metrics } = this.#options;
    const { request, response } = exchanged;
    metrics.add("requests");
    const verdict = gate.judge(request);
    share(request, response, verdict);
    const wish = wishOf(resource, request);
    if (wish === "preflight" && verdict !== "refused") return answerPreflight(response, methods[resource.kind]);
    gate.pass({
      request,
      socket: request.socket,
      verdict,
      admit: (info) => this.#grant(resource, exchanged, { wish, info }),
      refuse: (refusal) => this.#refuse(exchanged, wish, refusal),
    });
  }

  #grant(resource: Resource, exchanged: Exchanged, { wish, info }: { wish: Wish; info: ConnectionInfo }): void {
    const { response } = exchanged;
    const { metrics } = this.#options;
    if (resource.kind === "answer" && wish === "read") return exchange(response, info, resource.read);
    if (resource.kind === "channel") {
      if (wish === "write") return this.#write(resource.write, exchanged, info);
      if (wish === "stream") {
        metrics.add("event_streams");
        return this.#streams.accept(exchanged, info, resource.stream);
      }
      if (wish === "head of a stream") {
        writeStreamHead(response);
        return void response.end();
      }
      if (wish === "help") return answer(response, { status: 406, body: resource.help, type: plainText });
    }
    const allow = methods[resource.kind];
    answer(response, { status: 405, body: failure("bad_request", `expected one of ${allow}`), headers: { allow } });
  }

  #refuse(exchanged: Exchanged, wish: Wish, { kind, why }: Refusal): void {
    const status = kind === "origin" ? 403 : 503;
    const body = failure(kind === "origin" ? "denied" : "overloaded", why);
    if (wish === "stream") this.#streams.refuse(exchanged, status, body);
    else answer(exchanged.response, { status, body });
  }

  #write(write: (posted: Posted) => Open, { request, response }: Exchanged, info: ConnectionInfo): void {
    const { limits } = this.#options;
    const { headers } = request;
    const refuse = (status: number, reason: RequestErrorName, why: string): void =>
      answer(response, { status, body: failure(reason, why) });
    this.#expectWithin(limits.firstCommandMs, { request, response });
    const coding = headers["content-encoding"] ?? "identity";
    if (coding !== "identity") {
      request.resume();
      return refuse(415, "bad_request", `content-encoding: expected none, got ${coding.slice(0, 40)}`);
    }
    readBody(request, limits.messageBytes).then(
      (bytes) => {
        // P3: what was refused, for being late, is never published.
        if (!response.headersSent) exchange(response, info, write({ bytes, headers }));
      },
      (thrown: unknown) => {
        // Otherwise the client has gone in the middle of its body, and waits for no answer.
        if (thrown instanceof BodyError) refuse(thrown.status, thrown.reason, thrown.message);
      },
    );
  }

  /** A body that trickles in is not waited for. */
  #expectWithin(ms: number, { request, response }: Exchanged): void {
    const cancel = this.#options.clock.after(ms, () => {
      if (response.headersSent) return void request.destroy();
      const body = failure("bad_request", `expected the body within ${ms} ms`);
      answer(response, { status: 408, body, headers: { connection: "close" } });
    });
    request.once("end", cancel);
    request.once("close", cancel);
  }
}

function wishOf({ kind }: Resource, { method, headers }: IncomingMessage): Wish {
  if (method === "OPTIONS") return "preflight";
  const isReading = method === "GET" || method === "HEAD";
  if (kind === "answer") return isReading ? "read" : "another method";
  if (method === "POST") return "write";
  if (!isReading) return "another method";
  if (!/\btext\/event-stream\b/i.test(headers.accept ?? "")) return "help";
  return method === "GET" ? "stream" : "head of a stream";
}
