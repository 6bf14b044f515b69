// permessage-deflate (RFC 7692) on a WebSocket: what was agreed in the handshake, and how it is done.
import type { WebSocket } from "ws";
import type { Framing } from "../dialects/connection.ts";
import type { CompressionOptions, Limits } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";
import { deflateFraming, type WindowBits } from "./deflate-framing.ts";
import type { Turns } from "../session/turns.ts";
import { type Agreed, agree, offersIn } from "./extension-offers.ts";
import { type Inflation, inflation } from "./inflation.ts";

interface Options extends Required<CompressionOptions> {
  readonly limits: Limits;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly turns: Turns;
}

/** The one private field of `ws` that is used: its parser has no public place for another inflation (decision 0016). */
interface Extensible {
  readonly _extensions: Record<string, Inflation>;
}

export class Compression {
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #turns: Turns;
  // Two for the whole server: connections that share one share the bytes of a view.
  readonly #framings: Readonly<Record<WindowBits, Framing>>;

  constructor({ fromBytes, limits, clock, metrics, turns }: Options) {
    this.#limits = limits;
    this.#clock = clock;
    this.#metrics = metrics;
    this.#turns = turns;
    this.#framings = {
      9: deflateFraming({ fromBytes, windowBits: 9, metrics }),
      15: deflateFraming({ fromBytes, windowBits: 15, metrics }),
    };
  }

  /** What can be agreed with whoever sent this `Sec-WebSocket-Extensions`; "malformed" when it is not one. */
  agreeOn(header: string | undefined): Agreed | null | "malformed" {
    if (header === undefined) return null;
    const offers = offersIn(header);
    return offers === null ? "malformed" : agree(offers);
  }

  /** Switches it on for a connection that has just opened; the framing of what is sent there. */
  begin(webSocket: WebSocket, { windowBits }: Agreed): Framing {
    this.#metrics.add("connections_compressed");
    const { _extensions: extensions } = webSocket as unknown as Extensible;
    extensions["permessage-deflate"] = inflation({
      clock: this.#clock,
      turns: this.#turns,
      maxBytes: this.#limits.messageBytes,
      fail: (code) => {
        this.#metrics.add(code === 1009 ? "inflations_too_large" : "inflations_invalid");
        if (code === 1009) this.#metrics.hit("messageBytes");
        webSocket.close(code);
      },
    });
    return this.#framings[windowBits];
  }
}
