// Requests: method, origin and what is accepted decide whether one opens a stream, gets an answer, or is somebody else's.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { ConnectionInfo, Open } from "../dialects/connection.ts";
import type { Limits } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Random } from "../ports/random.ts";
import { type Answer, answer, answerPreflight, failure, share } from "./answer.ts";
import type { Backlog } from "./backlog.ts";
import { exchange } from "./exchange.ts";
import type { Gate, Refusal } from "./gate.ts";
import { intercept, pathBehind } from "./intercept.ts";
import { type Posted, receivePosted } from "./posting.ts";
import { type Exchanged, serverSentEvents, type StreamForm, StreamTransport, writeStreamHead } from "./stream.ts";

/** How a stream begins that its own opening message decides on. */
export interface Beginning {
  readonly form: StreamForm;
  readonly open: Open;
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
  | { readonly kind: "answer"; readonly read: Open }
  | {
      readonly kind: "stream";
      readonly allow: "POST, OPTIONS" | "GET, POST, OPTIONS";
      /** Whether an `EventSource` reads it that has to be told to come back. */
      readonly isForEventSource: boolean;
      /** @param posted `null` for a GET. A string says why there is nothing to begin with: 400. */
      readonly begin: (url: string, posted: Posted | null) => Beginning | string;
    }
  | {
      readonly kind: "inlet";
      readonly maxBytes: number;
      readonly take: (posted: Posted, answered: (answer: Answer) => void) => void;
    };

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

const plainText = "text/plain; charset=utf-8";

export class Requests {
  readonly #options: RequestOptions;
  readonly #streams: StreamTransport;

  constructor(options: RequestOptions) {
    this.#options = options;
    this.#streams = new StreamTransport(options);
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
    if (wish === "preflight" && verdict !== "refused") return answerPreflight(response, methodsOf(resource));
    gate.pass({
      request,
      socket: request.socket,
      verdict,
      // Where a session was let in, a drain lets it speak until its turn comes.
      isOfSession: resource.kind === "inlet",
      admit: (info) => this.#grant(resource, exchanged, { wish, info }),
      refuse: (refusal) => this.#refuse(exchanged, wish === "stream" && comesBack(resource), refusal),
    });
  }

  #grant(resource: Resource, exchanged: Exchanged, { wish, info }: { wish: Wish; info: ConnectionInfo }): void {
    const { response } = exchanged;
    const allow = methodsOf(resource);
    if (wish === "another method" || wish === "preflight") {
      const body = failure("bad_request", `expected one of ${allow}`);
      return answer(response, { status: 405, body, headers: { allow } });
    }
    if (resource.kind === "answer") return exchange(response, info, resource.read);
    if (resource.kind === "stream") return this.#begin(resource, exchanged, { wish, info });
    if (resource.kind === "inlet") {
      return this.#receive(exchanged, resource.maxBytes, (posted) =>
        resource.take(posted, (given) => answer(response, given)),
      );
    }
    this.#channel(resource, exchanged, { wish, info });
  }

  #channel(
    resource: Extract<Resource, { kind: "channel" }>,
    exchanged: Exchanged,
    { wish, info }: { readonly wish: Wish; readonly info: ConnectionInfo },
  ): void {
    const { response } = exchanged;
    const { limits, metrics } = this.#options;
    if (wish === "write") {
      const written = (posted: Posted): void => exchange(response, info, resource.write(posted));
      return this.#receive(exchanged, limits.messageBytes, written);
    }
    if (wish === "stream") {
      metrics.add("event_streams");
      return this.#streams.accept(exchanged, info, { form: serverSentEvents, open: resource.stream });
    }
    if (wish === "help") return answer(response, { status: 406, body: resource.help, type: plainText });
    writeStreamHead(response, serverSentEvents);
    response.end();
  }

  #begin(
    { begin }: Extract<Resource, { kind: "stream" }>,
    exchanged: Exchanged,
    { wish, info }: { readonly wish: Wish; readonly info: ConnectionInfo },
  ): void {
    const begun = (posted: Posted | null): void => {
      const beginning = begin(info.url, posted);
      if (typeof beginning === "string") {
        return answer(exchanged.response, { status: 400, body: failure("bad_request", beginning) });
      }
      this.#options.metrics.add("protocol_streams");
      this.#streams.accept(exchanged, info, beginning);
    };
    if (wish === "stream") begun(null);
    else this.#receive(exchanged, this.#options.limits.messageBytes, begun);
  }

  #receive(exchanged: Exchanged, maxBytes: number, received: (posted: Posted) => void): void {
    receivePosted(exchanged, { ...this.#options, maxBytes }, received);
  }

  #refuse(exchanged: Exchanged, isForEventSource: boolean, { kind, why }: Refusal): void {
    const status = kind === "origin" ? 403 : 503;
    const body = failure(kind === "origin" ? "denied" : "overloaded", why);
    if (isForEventSource) this.#streams.refuse(exchanged, status, body);
    else answer(exchanged.response, { status, body });
  }
}

function methodsOf(resource: Resource): string {
  switch (resource.kind) {
    case "channel":
      return "GET, HEAD, POST, OPTIONS";
    case "answer":
      return "GET, HEAD, OPTIONS";
    case "stream":
      return resource.allow;
    case "inlet":
      return "POST, OPTIONS";
  }
}

function comesBack(resource: Resource): boolean {
  return resource.kind === "channel" || (resource.kind === "stream" && resource.isForEventSource);
}

function wishOf(resource: Resource, { method = "", headers }: IncomingMessage): Wish {
  if (method === "OPTIONS") return "preflight";
  if (!methodsOf(resource).split(", ").includes(method)) return "another method";
  if (method === "POST") return "write";
  if (resource.kind === "answer") return "read";
  if (resource.kind === "stream") return "stream";
  if (!/\btext\/event-stream\b/i.test(headers.accept ?? "")) return "help";
  return method === "GET" ? "stream" : "head of a stream";
}
