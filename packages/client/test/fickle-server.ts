// A server behind a transport without sockets, which treats whoever comes as badly as a test says, and counts attempts.
import type { Clock, Transport, TransportConnection, TransportEvents } from "../src/index.ts";
import type { Json } from "./scripted-server.ts";

/** What becomes of a connection: until it is open, in the connect command, or once it stands. */
export type Manner =
  | { readonly kind: "well" }
  /** No TCP connection, or a 503 to the upgrade: a page is told 1006 of either. */
  | { readonly kind: "refuses" }
  | { readonly kind: "hangs in upgrade" }
  | { readonly kind: "hangs in connect" }
  | { readonly kind: "closes"; readonly code: number }
  | { readonly kind: "says"; readonly frame: string }
  /** This method is answered with this error, the others well. */
  | { readonly kind: "errs"; readonly method: string; readonly code: number; readonly temporary: boolean }
  /** This method is never answered, the others well. */
  | { readonly kind: "ignores"; readonly method: string };

/** What the server's end of one connection is to the client. */
interface Link {
  readonly events: TransportEvents;
  isOpen: boolean;
  isGone: boolean;
}

export class FickleServer implements Transport {
  manner: Manner = { kind: "well" };
  /** Fields of the connect reply besides the client's id. */
  greeting: Json = { ping: 25, pong: true };
  /** When each attempt began, on the client's clock. */
  readonly attemptsMs: number[] = [];
  readonly #clock: Clock;
  #link: Link | null = null;
  /** Those the client has not left. */
  readonly #links = new Set<Link>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sockets that the client has opened and nobody has closed. */
  get sockets(): number {
    return this.#links.size;
  }

  /** Whether the newest connection is open, as far as the client can know. */
  get isOpen(): boolean {
    return this.#link !== null && this.#link.isOpen && !this.#link.isGone;
  }

  open(_url: string, events: TransportEvents): TransportConnection {
    this.attemptsMs.push(this.#clock.now());
    const link: Link = { events, isOpen: false, isGone: false };
    this.#link = link;
    this.#links.add(link);
    queueMicrotask(() => this.#welcome(link));
    return {
      send: (text) => this.#hear(link, text),
      close: () => {
        link.isGone = true;
        this.#links.delete(link);
      },
    };
  }

  /** Ends the newest connection, also one that hangs. */
  close(code: number): void {
    if (this.#link !== null) this.#end(this.#link, code);
  }

  /** Opens a connection whose upgrade hung, or sends this on one that is open. */
  say(frame: string): void {
    const link = this.#link;
    if (link === null || link.isGone) return;
    if (!link.isOpen) this.#open(link);
    else link.events.received(frame);
  }

  /** The server's own ping, and with it a sign of life. */
  ping(): void {
    if (this.isOpen && this.manner.kind === "well") this.say("{}");
  }

  #welcome(link: Link): void {
    const { manner } = this;
    if (link.isGone || manner.kind === "hangs in upgrade") return;
    if (manner.kind === "refuses") return this.#end(link, 1006);
    this.#open(link);
    if (manner.kind === "closes") this.#end(link, manner.code);
    else if (manner.kind === "says" && !link.isGone) link.events.received(manner.frame);
  }

  #open(link: Link): void {
    link.isOpen = true;
    link.events.opened();
  }

  #end(link: Link, code: number): void {
    if (link.isGone) return;
    link.isGone = true;
    this.#links.delete(link);
    link.events.closed(code, "");
  }

  #hear(link: Link, text: string): void {
    for (const line of text.split("\n")) {
      const command = JSON.parse(line) as Json;
      const reply = this.#answer(command);
      // As over a network, an answer never comes within the call that asked.
      if (reply !== null) {
        queueMicrotask(() => {
          if (!link.isGone) link.events.received(JSON.stringify({ id: command["id"], ...reply }));
        });
      }
    }
  }

  #answer(command: Json): Json | null {
    const { manner } = this;
    const method = Object.keys(command).find((name) => name !== "id");
    if (method === undefined || command["id"] === undefined) return null;
    if (manner.kind === "errs" && manner.method === method) {
      return { error: { code: manner.code, message: "no", temporary: manner.temporary } };
    }
    const isSilent =
      manner.kind === "hangs in connect" ||
      manner.kind === "hangs in upgrade" ||
      (manner.kind === "ignores" && manner.method === method);
    if (isSilent) return null;
    if (method === "connect") return { connect: { client: "session", ...this.greeting } };
    if (method === "refresh") return { refresh: { ...this.greeting } };
    if (method === "sub_refresh") return { sub_refresh: { expires: true, ttl: 30 } };
    const position = { recoverable: true, positioned: true, epoch: "e1", offset: 0, expires: true, ttl: 30 };
    return { [method]: method === "subscribe" ? position : {} };
  }
}
