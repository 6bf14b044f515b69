// Opening: the glue between one connection, its dialect's speaker and its session.
import type { CloseReasonName } from "@tidewire/protocol";
import type { Link, LinkTraits } from "../session/link.ts";
import type { SessionNode } from "../session/node.ts";
import type { Reply, SessionEvent } from "../session/reply.ts";
import { Session } from "../session/session.ts";
import type { Connection, Opened } from "./connection.ts";
import { type Ending, MalformedFrame, type Speaker } from "./dialect.ts";

/** Begins a session on a connection. */
export function open(node: SessionNode, connection: Connection, speaker: Speaker): Opened {
  const link = new SpokenLink(connection, speaker);
  const { headers, url, address, isLoopback } = connection.info;
  const session = new Session(node, link, { headers, url, address, isLoopback, dialect: speaker.traits.encoder.id });
  link.ended = () => session.closed();
  const opening = speaker.opening();
  if (opening.length > 0) session.receive(opening);
  return new OpenedSession(session, speaker);
}

/** A class: closures of its own would cost memory for each connection that idles. */
class OpenedSession implements Opened {
  readonly #session: Session;
  readonly #speaker: Speaker;

  constructor(session: Session, speaker: Speaker) {
    this.#session = session;
    this.#speaker = speaker;
  }

  receive(message: Uint8Array, form: "text" | "bytes"): void {
    try {
      this.#session.receive(this.#speaker.decode(message, form));
    } catch (thrown) {
      if (!(thrown instanceof MalformedFrame)) throw thrown;
      this.#session.malformed(thrown.message);
    }
  }

  pong(): void {
    this.#session.pong();
  }

  writable(): void {
    this.#session.writable();
  }

  closed(): void {
    this.#session.closed();
  }
}

class SpokenLink implements Link {
  /** Tells the session that its dialect has ended the connection. */
  ended: () => void = () => undefined;
  readonly #connection: Connection;
  readonly #speaker: Speaker;

  constructor(connection: Connection, speaker: Speaker) {
    this.#connection = connection;
    this.#speaker = speaker;
  }

  get traits(): LinkTraits {
    return this.#speaker.traits;
  }

  reply(reply: Reply): Uint8Array | null {
    const said = this.#speaker.reply(reply);
    if (said === null || said instanceof Uint8Array) return said;
    this.#end(said);
    this.ended();
    return null;
  }

  event(event: SessionEvent): Uint8Array | null {
    return this.#speaker.event(event);
  }

  write(frames: readonly Uint8Array[]): "open" | "full" {
    return this.#connection.send(frames);
  }

  hold(isHeld: boolean): void {
    this.#connection.hold(isHeld);
  }

  close(reason: CloseReasonName, detail?: string): void {
    this.#end(this.#speaker.closing(reason, detail));
  }

  cut(): void {
    this.#connection.terminate();
  }

  traffic(): { readonly unsent: number; readonly received: number } {
    return this.#connection.traffic();
  }

  #end(ending: Ending): void {
    this.#connection.close(ending.code, ending.reason);
  }
}
