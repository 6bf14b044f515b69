// The gate: what everybody passes who comes by an upgrade or by a request: origin, address, and how many there are.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { ConnectionInfo } from "../dialects/connection.ts";
import type { Limits } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Metrics } from "../ports/metrics.ts";
import { clientAddress, isLoopback, isPublic } from "./address.ts";
import { Admission } from "./admission.ts";
import { judgeOrigin, type OriginVerdict, withoutCredentials } from "./origin.ts";

export interface GateOptions {
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly origins: readonly string[];
  readonly trustProxy: readonly string[];
  readonly isDevelopment: () => boolean;
  /** False while a drain sends everybody away, or before the engine has started. */
  readonly isAdmitting: () => boolean;
}

export type Refusal =
  | { readonly kind: "origin"; readonly why: string }
  /** The same may be let in later. */
  | { readonly kind: "unavailable"; readonly why: string };

/** Somebody at the gate. */
export interface Comer {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly verdict: OriginVerdict;
  /** Whether it speaks for a session that was let in before. */
  readonly isOfSession?: boolean;
  readonly admit: (info: ConnectionInfo) => void;
  readonly refuse: (refusal: Refusal) => void;
}

const notNow: Refusal = { kind: "unavailable", why: "the server is not taking connections now" };
const badOrigin: Refusal = { kind: "origin", why: "this page's origin is not allowed" };
const toldOrigins = 100;

export class Gate {
  readonly admission: Admission;
  readonly #options: GateOptions;
  readonly #trusted: ReadonlySet<string>;
  readonly #told = new Set<string>();
  /** By what address each is counted. A connection may carry many requests, and is counted once. */
  readonly #inside = new WeakMap<Duplex, string | null>();
  /** One listener for all sockets. */
  readonly #leave: (this: Duplex) => void;

  constructor(options: GateOptions) {
    this.#options = options;
    this.admission = new Admission(options.limits, options.clock, options.metrics);
    this.#trusted = new Set(options.trustProxy);
    const [inside, admission] = [this.#inside, this.admission];
    this.#leave = function leave(this: Duplex): void {
      admission.left(inside.get(this) ?? null);
    };
  }

  /** Lets it in or refuses it, at once or after it has queued; says nothing when it has gone meanwhile. */
  pass({ request, socket, verdict, isOfSession = false, admit, refuse }: Comer): void {
    const isAdmitting = (): boolean => isOfSession || this.#options.isAdmitting();
    if (!isAdmitting()) return refuse(notNow);
    if (verdict === "refused") return refuse(badOrigin);
    const address = clientAddress(request, this.#trusted);
    const counted = this.#counted(address);
    const client = counted === null ? socket : this.admission.client(counted);
    const info = { ...infoOf(request, verdict), address, client, isLoopback: isLoopback(address) };
    if (this.#inside.has(socket)) return admit(info);
    this.admission.ask(
      counted,
      () => {
        if (socket.destroyed) return;
        // It may have waited while the server began to send everybody away.
        if (!isAdmitting()) return refuse(notNow);
        if (!this.#inside.has(socket)) this.#enter(socket, counted);
        admit(info);
      },
      (why) => refuse({ kind: "unavailable", why: `too many connections (${why})` }),
    );
  }

  /** What its origin may; a refusal is told to the operator once, with the setting that would admit it. */
  judge(request: IncomingMessage): OriginVerdict {
    const { isDevelopment, origins, log, metrics } = this.#options;
    const verdict = judgeOrigin(request.headers, { isDevelopment: isDevelopment(), allowed: origins });
    if (verdict !== "refused") return verdict;
    metrics.add("origins_refused");
    const { origin } = request.headers;
    if (origin !== undefined && !this.#told.has(origin) && this.#told.size < toldOrigins) {
      this.#told.add(origin);
      log.warn("a page of another origin was refused; this setting would admit it", {
        // Browsers write an origin in ASCII; what else came here is nobody's page.
        TIDEWIRE_ORIGINS: origin.slice(0, 200).replaceAll(/[^!-~]/g, "?"),
      });
    }
    return verdict;
  }

  /** The address where limits per address make sense; `null` where many share one. */
  #counted(address: string): string | null {
    return isPublic(address) || (this.#trusted.size > 0 && !isLoopback(address)) ? address : null;
  }

  #enter(socket: Duplex, counted: string | null): void {
    this.#inside.set(socket, counted);
    this.admission.entered(counted);
    // Said once.
    socket.on("close", this.#leave);
  }
}

function infoOf(
  { headers, url }: IncomingMessage,
  verdict: OriginVerdict,
): Pick<ConnectionInfo, "headers" | "url" | "token"> {
  return {
    headers: verdict === "own" ? headers : withoutCredentials(headers),
    url: url ?? "/",
    // Of a foreign page too: a browser sends a bearer token when the page has one, and never by itself.
    token: bearerOf(headers.authorization),
  };
}

/** RFC 6750 §2.1. */
function bearerOf(authorization: string | undefined): string {
  return /^bearer +(\S+) *$/i.exec(authorization ?? "")?.[1] ?? "";
}
