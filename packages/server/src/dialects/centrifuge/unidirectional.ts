// The Centrifuge protocol to a client that only hears: a connect request at first, and from then on pushes alone.
import type { Closing } from "../../session/close-error.ts";
import { plainly } from "../../session/granted.ts";
import { type CloseReasonName, type TidewireError } from "@tidewire/protocol";
import type { Command } from "../../session/command.ts";
import type { LinkTraits } from "../../session/link.ts";
import type { Reply, SessionEvent } from "../../session/reply.ts";
import type { EventFraming, Framing } from "../connection.ts";
import { type Ending, MalformedFrame, type Speaker } from "../dialect.ts";
import { perFraming } from "../per-framing.ts";
import { closingOf, endingOf } from "../statuses.ts";
import { decodeConnect } from "./decode.ts";
import { encodeClosing, encodeDisconnect, encodePush, publicationEncoder, pushesAlone, welcome } from "./encode.ts";
import type { ScanLimits } from "./scan.ts";

export interface UnidirectionalOptions {
  readonly limits: ScanLimits;
  /** What an `EventSource` does when its stream ends, in milliseconds; elsewhere nobody is told. */
  readonly retryMs: number;
}

export function unidirectional(framing: Framing, options: UnidirectionalOptions): Speaker {
  return isSocket(framing) ? new Pushes(framing, options, onSocket) : new Pushes(framing, options, onStream(framing));
}

/** How it ends: by a close frame, by a status before the stream has begun, by a last push after. */
interface Endings {
  refusing(error: TidewireError): Ending;
  closing(reason: Closing, detail: string | undefined): Ending;
}

const onSocket: Endings = {
  refusing: (error) => encodeClosing(closeReasonOf(error), error.message),
  closing: encodeClosing,
};

const onStream = perFraming((framing): Endings => {
  const last = (reason: Closing, detail: string | undefined): Uint8Array =>
    framing.wrap(Buffer.from(encodeDisconnect(reason, detail)), "text");
  return {
    refusing: (error) => ({ ...endingOf(error), last: last(closeReasonOf(error), error.message) }),
    closing: (reason, detail) => ({ ...closingOf(reason, detail), last: last(reason, detail) }),
  };
});

/** A refusal that no reply can carry. */
export function closeReasonOf({ reason, temporary }: Pick<TidewireError, "reason" | "temporary">): CloseReasonName {
  if (temporary) return "server_error";
  if (reason === "token_expired" || reason === "expired") return "connection_expired";
  if (reason === "denied" || reason === "unauthorized") return "denied";
  return "bad_request";
}

const traitsOf = perFraming<Framing, LinkTraits>((framing) => ({
  dialect: "centrifuge-unidirectional",
  encoder: publicationEncoder(framing, { ...plainly, knowsIds: false, envelope: pushesAlone }),
  onGap: "close",
  // On a WebSocket the transport has pings of its own, which are answered.
  hasPongs: isSocket(framing),
  hasOneChannel: false,
}));

function isSocket({ id }: Framing): boolean {
  return id !== "sse" && id !== "lines";
}

function isEvents(framing: Framing): framing is EventFraming {
  return framing.id === "sse";
}

const decoder = new TextDecoder();
const nothing: readonly Command[] = [];

class Pushes implements Speaker {
  readonly #framing: Framing;
  readonly #options: UnidirectionalOptions;
  readonly #endings: Endings;

  constructor(framing: Framing, options: UnidirectionalOptions, endings: Endings) {
    this.#framing = framing;
    this.#options = options;
    this.#endings = endings;
  }

  get traits(): LinkTraits {
    return traitsOf(this.#framing);
  }

  opening(): readonly Command[] {
    return nothing;
  }

  decode(message: Uint8Array, form: "text" | "bytes"): readonly Command[] {
    if (form !== "text") throw new MalformedFrame("expected a connect request in JSON, got a binary message");
    return [decodeConnect(decoder.decode(message), this.#options.limits)];
  }

  reply(reply: Reply): Uint8Array | Ending | null {
    if (reply.kind === "error") return this.#endings.refusing(reply.error);
    if (reply.kind !== "connected") return null;
    const framing = this.#framing;
    const data = Buffer.from(`{"connect":${JSON.stringify(welcome(reply))}}`);
    return isEvents(framing) ? framing.event({ data, retryMs: this.#options.retryMs }) : framing.wrap(data, "text");
  }

  event(event: SessionEvent): Uint8Array | null {
    const framing = this.#framing;
    if (event.kind === "mark") return null;
    if (event.kind === "ping") return isSocket(framing) ? framing.ping : framing.wrap(Buffer.from("{}"), "text");
    if (event.kind === "return") return this.#returning(event.afterMs);
    const said = encodePush(event);
    return said === null ? null : framing.wrap(Buffer.from(said), "text");
  }

  #returning(afterMs: number): Uint8Array | null {
    const framing = this.#framing;
    return isEvents(framing) ? framing.event({ retryMs: Math.max(this.#options.retryMs, afterMs) }) : null;
  }

  closing(reason: Closing, detail: string | undefined): Ending {
    return this.#endings.closing(reason, detail);
  }
}
