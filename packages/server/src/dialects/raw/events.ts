// The raw dialect as an event stream: publications as messages, positions as ids, and what else there is to say by name.
import type { Publication } from "../../engine/engine.ts";
import type { Encoder } from "../../hub/encoder.ts";
import { fastestRate, slowestRate } from "../../hub/pace.ts";
import { refusal } from "../../hub/refusal.ts";
import type { Closing } from "../../session/close-error.ts";
import type { Command } from "../../session/command.ts";
import type { LinkTraits } from "../../session/link.ts";
import type { Reply, SessionEvent, Subscribed } from "../../session/reply.ts";
import type { Position } from "@tidewire/protocol";
import type { ConnectionInfo, EventFraming, StreamEvent } from "../connection.ts";
import type { Ending, Speaker } from "../dialect.ts";
import { queryOf } from "../query.ts";
import { perFraming } from "../per-framing.ts";
import { idOf, positionOf } from "./event-id.ts";
import { connecting, subscribing } from "./opening.ts";
import { closingOf, endingOf } from "../statuses.ts";
import { wordsOf } from "./words.ts";

export interface EventsOptions {
  readonly channel: string;
  readonly info: Pick<ConnectionInfo, "headers" | "url" | "token">;
  /** Said to whoever opens the channel. */
  readonly greeting: string | undefined;
  /** Milliseconds after which this client comes back, should the stream end; spread over those of other clients. */
  readonly retryMs: number;
  /** Called once, when the channel is open. */
  readonly opened: () => void;
}

const connectId = 1;
const subscribeId = 2;

export function events(framing: EventFraming, options: EventsOptions): Speaker {
  return new EventsSpeaker(framing, options);
}

const traitsOf = perFraming<EventFraming, LinkTraits>((framing) => ({
  dialect: "raw-events",
  encoder: eventEncoder(framing),
  onGap: "continue",
  hasPongs: false,
  hasOneChannel: true,
}));

class EventsSpeaker implements Speaker {
  readonly #framing: EventFraming;
  readonly #greeting: string | undefined;
  readonly #retryMs: number;
  readonly #opened: () => void;
  /** Until it was asked for: headers are large. */
  #opening: readonly Command[];

  constructor(framing: EventFraming, { channel, info, greeting, retryMs, opened }: EventsOptions) {
    this.#framing = framing;
    this.#greeting = greeting;
    this.#retryMs = retryMs;
    this.#opened = opened;
    this.#opening = [connecting(connectId, info.token), beginning(channel, info)];
  }

  get traits(): LinkTraits {
    return traitsOf(this.#framing);
  }

  opening(): readonly Command[] {
    const commands = this.#opening;
    this.#opening = nothing;
    return commands;
  }

  /** The transport reads nothing. */
  decode(): readonly Command[] {
    return nothing;
  }

  reply(reply: Reply): Uint8Array | Ending | null {
    if (reply.kind === "error") return this.#last(endingOf(reply.error));
    if (reply.kind !== "subscribed") return null;
    this.#opened();
    const begun = opening(this.#framing, reply, this.#retryMs);
    return this.#greeting === undefined ? begun : Buffer.concat([begun, this.#framing.event({ data: this.#greeting })]);
  }

  event(event: SessionEvent): Uint8Array | null {
    const framing = this.#framing;
    if (event.kind === "ping") return framing.ping;
    if (event.kind === "gap") return framing.event(gapOf(event.position));
    if (event.kind === "return") return framing.event({ retryMs: Math.max(this.#retryMs, event.afterMs) });
    if (event.kind !== "skipped") return null;
    return framing.event({ name: "skipped", data: JSON.stringify({ count: event.count }) });
  }

  closing(reason: Closing, detail: string | undefined): Ending {
    return this.#last(closingOf(reason, detail));
  }

  /** PROTOCOL 2.7 */
  #last(ending: Ending): Ending {
    return { ...ending, last: this.#framing.event({ name: "end", data: ending.reason }) };
  }
}

const nothing: readonly Command[] = [];

/** PROTOCOL 2.7: `Last-Event-ID`, or `lastEventId` of the address, for a first connection and for other clients. */
function beginning(channel: string, { headers, url }: Pick<ConnectionInfo, "headers" | "url">): Command {
  const query = queryOf(url);
  const header = headers["last-event-id"];
  const shown = (typeof header === "string" ? header : "") || (query.get("lastEventId") ?? "");
  const seen = shown === "" ? null : { position: positionOf(shown), id: null };
  const asked = query.get("rate");
  const rate = asked === null ? null : rateOf(asked);
  if (!Number.isNaN(rate)) return subscribing(subscribeId, channel, { seen, rate });
  const expected = `rate: expected pulls a second from ${slowestRate} to ${fastestRate}, got ${String(asked).slice(0, 40)}`;
  return { kind: "invalid", id: subscribeId, error: refusal("bad_request", expected) };
}

/** `NaN` for what is no rate. */
function rateOf(asked: string): number {
  const rate = /^\d{1,9}(\.\d{1,9})?$/.test(asked) ? Number(asked) : Number.NaN;
  return rate >= slowestRate && rate <= fastestRate ? rate : Number.NaN;
}

/** Gives an id before anything was published, so that whoever is cut off before that loses nothing either. */
function opening(
  framing: EventFraming,
  { position, wasRecovering, recovered }: Subscribed,
  retryMs: number,
): Uint8Array {
  // The gap and the new id are one event: cut off between them, a client would go on as if nothing had been lost.
  if (wasRecovering && !recovered) return framing.event({ ...gapOf(position), retryMs });
  return framing.event({ retryMs, ...(position !== null && { id: idOf(position) }) });
}

/** Publications were lost for this reader: what comes next is not what follows the last id. */
function gapOf(position: Position | null): StreamEvent {
  if (position === null) return { name: "gap", data: "{}" };
  return { name: "gap", id: idOf(position), data: JSON.stringify(position) };
}

function eventEncoder(framing: EventFraming): Encoder {
  return {
    id: `raw/${framing.id}`,
    publication: (publication, _channel, { epoch }) => {
      const { offset } = publication;
      return framing.event({ ...(offset > 0 && { id: idOf({ epoch, offset }) }), ...said(publication) });
    },
    member: () => null,
  };
}

function said(publication: Publication): { readonly name?: string; readonly data: Uint8Array | string } {
  const { removed, key, form, data } = publication;
  if (removed === true) return { name: "removed", data: JSON.stringify({ key }) };
  // The format is text.
  if (form === "bytes") return { name: "binary", data: Buffer.from(data).toString("base64") };
  return { data: wordsOf(publication) };
}
