// The Centrifuge protocol to a client that hears by a stream, and speaks by requests of their own.
import type { Closing } from "../../session/close-error.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Command, MarkAnswer } from "../../session/command.ts";
import type { LinkTraits } from "../../session/link.ts";
import type { Reply, SessionEvent } from "../../session/reply.ts";
import type { Framing } from "../connection.ts";
import type { Ending, Speaker } from "../dialect.ts";
import { Arrivals } from "./arrivals.ts";
import { CentrifugeSpeaker, type Form, formsOf } from "./centrifuge.ts";
import type { DecodeLimits } from "./decode.ts";
import type { EmulationPlace } from "./encode.ts";

export interface EmulatedOptions {
  readonly form: "json" | "protobuf";
  readonly place: EmulationPlace;
  readonly limits: DecodeLimits;
  readonly clock: Clock;
}

export function emulated(framing: Framing, options: EmulatedOptions): Speaker {
  return new EmulatedSpeaker(formsOf(framing)[options.form], options);
}

class EmulatedSpeaker implements Speaker {
  readonly order: Arrivals;
  readonly #form: Form;
  readonly #spoken: CentrifugeSpeaker;
  readonly #place: EmulationPlace;

  constructor(form: Form, { place, limits, clock }: EmulatedOptions) {
    this.#form = form;
    this.#spoken = new CentrifugeSpeaker(form, limits);
    this.#place = place;
    this.order = new Arrivals(clock);
  }

  get traits(): LinkTraits {
    return this.#spoken.traits;
  }

  opening(): readonly Command[] {
    return this.#spoken.opening();
  }

  decode(message: Uint8Array, form: "text" | "bytes"): readonly (Command | MarkAnswer)[] {
    return this.#spoken.decode(message, form);
  }

  reply(reply: Reply): Uint8Array {
    return this.#form.reply(reply, this.#place);
  }

  event(event: SessionEvent): Uint8Array | null {
    return this.#spoken.event(event);
  }

  /** Said in the stream in any case: an SDK takes another status than 200 for a fault of the network. */
  closing(reason: Closing, detail: string | undefined): Ending {
    return { code: 200, reason: "", last: this.#form.disconnect(reason, detail) };
  }
}
