// A backend at one address: asked by POST with JSON, within its time, so many questions at once and no more.
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { TidewireError } from "@tidewire/protocol";
import type { Clock } from "../ports/clock.ts";
import { type Log, reasonOf } from "../ports/log.ts";
import type { Metrics } from "../ports/metrics.ts";
import { answerOf, BackendFault, parse } from "./answer-text.ts";
import { checkedAddress, endpointDefaults, type EventName } from "./endpoint.ts";
import type { ProxyEndpoint } from "./proxy-options.ts";

/** Questions that wait for each that is under way; more are refused at once. */
const waitingPerConnection = 16;
/** A backend that is down fails for every client; the log says so once in this time. */
const quietMs = 10_000;

export interface BackendPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Question {
  readonly body: object;
  /** Of the client's own request. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

export class Backend {
  readonly #event: EventName;
  readonly #options: Required<ProxyEndpoint>;
  readonly #url: URL;
  readonly #ports: BackendPorts;
  readonly #agent: HttpAgent | HttpsAgent;
  #open = 0;
  #quietUntilMs = Number.NEGATIVE_INFINITY;
  #untold = 0;

  /** @throws {TypeError | RangeError} when an option is malformed. */
  constructor(event: EventName, options: ProxyEndpoint, ports: BackendPorts) {
    this.#event = event;
    this.#options = { ...endpointDefaults, ...options };
    this.#url = checkedAddress(event, this.#options);
    this.#ports = ports;
    const agentOptions = { keepAlive: true, maxSockets: this.#options.concurrency };
    this.#agent = this.#url.protocol === "https:" ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  }

  get sendsMeta(): boolean {
    return this.#options.sendsMeta;
  }

  get clientHeaders(): readonly string[] {
    return this.#options.clientHeaders;
  }

  /**
   * What `read` makes of the answer.
   * @throws {TidewireError} `timed_out` (`indeterminate` for a call, which may have been done), `overloaded`, `internal`, or
   * what `read` throws of the backend's own.
   */
  async ask<Answer>(question: Question, read: (answer: unknown) => Answer): Promise<Answer> {
    const { metrics, log } = this.#ports;
    const { concurrency, timeoutMs } = this.#options;
    if (this.#open >= concurrency * (1 + waitingPerConnection)) {
      metrics.add("proxy_overloaded");
      throw new TidewireError("overloaded", "too many wait for the backend already");
    }
    this.#open += 1;
    try {
      return read(parse(await this.#exchange(question)));
    } catch (thrown) {
      if (thrown instanceof TimedOut) {
        metrics.add(`proxy_${this.#event}_timed_out`);
        this.#tell(() => log.warn("a backend did not answer in time", { event: this.#event, ms: timeoutMs }));
        throw new TidewireError(
          this.#event === "rpc" ? "indeterminate" : "timed_out",
          "the backend did not answer in time",
        );
      }
      if (!(thrown instanceof BackendFault)) throw thrown;
      metrics.add(`proxy_${this.#event}_failed`);
      this.#tell((untold) => log.error("a backend failed", { event: this.#event, reason: thrown.message, untold }));
      throw new TidewireError("internal", "internal server error");
    } finally {
      this.#open -= 1;
    }
  }

  /** Ends connections that wait for the next question. */
  close(): void {
    this.#agent.destroy();
  }

  /** The text of its answer. */
  async #exchange(question: Question): Promise<string> {
    const abort = new AbortController();
    const cancel = this.#ports.clock.after(this.#options.timeoutMs, () => abort.abort(new TimedOut()));
    const gone = (): void => abort.abort(new BackendFault("nobody waits for its answer any more"));
    question.signal?.addEventListener("abort", gone, { once: true });
    try {
      return await this.#send(question, abort.signal);
    } catch (thrown) {
      if (abort.signal.aborted) throw abort.signal.reason;
      if (thrown instanceof Stale && this.#event !== "rpc") return await this.#again(question, abort.signal);
      throw thrown instanceof BackendFault ? thrown : new BackendFault(codeOf(thrown));
    } finally {
      cancel();
      question.signal?.removeEventListener("abort", gone);
    }
  }

  /**
   * A backend may close a connection in the moment in which the next question goes out. Questions change nothing, so they
   * are asked once more; a call is not.
   */
  async #again(question: Question, signal: AbortSignal): Promise<string> {
    try {
      return await this.#send(question, signal);
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      throw thrown instanceof BackendFault ? thrown : new BackendFault(codeOf(thrown));
    }
  }

  #send({ body, headers }: Question, signal: AbortSignal): Promise<string> {
    const text = Buffer.from(JSON.stringify(body));
    const send = this.#url.protocol === "https:" ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const sent = send(this.#url, {
        method: "POST",
        agent: this.#agent,
        signal,
        headers: { ...this.#passedOn(headers), "content-type": "application/json", "content-length": text.length },
      });
      sent.on("response", (response) => void answerOf(response).then(resolve, reject));
      sent.on("error", (thrown) => reject(sent.reusedSocket && codeOf(thrown) === "ECONNRESET" ? new Stale() : thrown));
      sent.end(text);
    });
  }

  #passedOn(given: Question["headers"]): Record<string, string> {
    const passed: Record<string, string> = {};
    for (const name of this.#options.clientHeaders) {
      const value = given[name.toLowerCase()];
      if (value !== undefined) passed[name.toLowerCase()] = value;
    }
    for (const [name, value] of Object.entries(this.#options.headers)) passed[name.toLowerCase()] = value;
    return passed;
  }

  #tell(tell: (untold: number) => void): void {
    const nowMs = this.#ports.clock.now();
    if (nowMs < this.#quietUntilMs) {
      this.#untold += 1;
      return;
    }
    this.#quietUntilMs = nowMs + quietMs;
    tell(this.#untold);
    this.#untold = 0;
  }
}

class TimedOut extends Error {}
class Stale extends Error {}

/** Node's name for what went wrong on the wire: its message may have addresses in it, and bytes. */
function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : reasonOf(thrown);
}
