// What `/raw/{channel}` opens: a WebSocket, an event stream, a publish, and a look at who is present.
import type { ChannelDefinition } from "@tidewire/protocol";
import type { Connection, Open, Opened } from "./dialects/connection.ts";
import type { Speaker } from "./dialects/dialect.ts";
import { open } from "./dialects/open.ts";
import { events } from "./dialects/raw/events.ts";
import { posting, type Posting, presence } from "./dialects/raw/exchanges.ts";
import { raw } from "./dialects/raw/raw.ts";
import type { ServerOptions } from "./options.ts";
import type { SessionNode } from "./session/node.ts";
import { Rates } from "./session/rates.ts";
import { eventFraming } from "./transports/event-framing.ts";
import type { Resource } from "./transports/requests.ts";
import { spreadRetryMs } from "./transports/stream.ts";

export class RawDoor {
  readonly #node: SessionNode;
  readonly #options: Pick<ServerOptions, "channels" | "greetings">;
  /** Requests of one client share what a connection may publish. */
  readonly #rates = new WeakMap<object, Rates>();

  constructor(node: SessionNode, options: Pick<ServerOptions, "channels" | "greetings">) {
    this.#node = node;
    this.#options = options;
  }

  /** What an upgrade at this path opens; `null` when it is no channel. */
  socket(path: string): Open | null {
    const channel = channelOf(path, "");
    return channel === null ? null : this.socketOf(channel);
  }

  socketOf(channel: string): Open {
    return (connection) =>
      this.#open(connection, channel, (opened) =>
        raw(connection.framing, {
          channel,
          token: connection.info.token,
          greeting: this.#options.greetings?.[channel],
          limits: this.#node.limits,
          takesPublications: this.#takesPublications(channel),
          opened,
        }),
      );
  }

  /** What requests find at this path. In a channel's own name, `/presence` at the end is written `%2Fpresence`. */
  resource(path: string): Resource | null {
    const asked = channelOf(path, "/presence");
    if (asked !== null) return { kind: "answer", read: this.#presence(asked) };
    const channel = channelOf(path, "");
    if (channel === null) return null;
    return {
      kind: "channel",
      stream: (connection) => this.#open(connection, channel, (opened) => this.#events(connection, channel, opened)),
      write:
        ({ bytes, headers }) =>
        (connection) => {
          const { info, framing } = connection;
          const node = { ...this.#node, rates: this.#ratesOf(connection) };
          const { limits, metrics } = node;
          const met: Posting["met"] = (limit) => metrics.hit(limit);
          const given = { channel, token: info.token, bytes, headers, limits, met };
          return open(node, connection, posting(framing, given));
        },
      help: helpOf(path),
    };
  }

  #presence(channel: string): Open {
    return (connection) => {
      const { info, framing } = connection;
      return open(this.#node, connection, presence(framing, { channel, token: info.token }));
    };
  }

  #events({ info }: Connection, channel: string, opened: () => void): Speaker {
    const retryMs = spreadRetryMs(this.#node.random);
    return events(eventFraming, { channel, info, greeting: this.#options.greetings?.[channel], retryMs, opened });
  }

  /** Opens it, and logs who comes and goes. */
  #open(connection: Connection, channel: string, speak: (opened: () => void) => Speaker): ReturnType<Open> {
    const { hub, log } = this.#node;
    const count = (): number => hub.channel(channel)?.subscribers ?? 0;
    let isCounted = false;
    const speaker = speak(() => {
      isCounted = true;
      log.info(`connected, ${count()} open`, { channel });
    });
    const opened = open(this.#node, connection, speaker);
    return new Watched(opened, () => {
      if (isCounted) log.info(`gone, ${count()} open`, { channel });
    });
  }

  #ratesOf({ info }: Connection): Rates {
    let rates = this.#rates.get(info.client);
    if (rates === undefined) {
      rates = new Rates(this.#node, this.#node.isRated(info));
      this.#rates.set(info.client, rates);
    }
    return rates;
  }

  #takesPublications(channel: string): boolean {
    const definition = this.#options.channels.find((candidate: ChannelDefinition) => candidate.match(channel) !== null);
    return definition === undefined || (definition.publishers === "clients" && !this.#node.hub.sources.has(definition));
  }
}

/** A session whose end somebody wants to know. */
class Watched implements Opened {
  readonly #opened: Opened;
  readonly #gone: () => void;

  constructor(opened: Opened, gone: () => void) {
    this.#opened = opened;
    this.#gone = gone;
  }

  receive(message: Uint8Array, form: "text" | "bytes"): void {
    this.#opened.receive(message, form);
  }

  pong(): void {
    this.#opened.pong();
  }

  writable(): void {
    this.#opened.writable();
  }

  closed(code: number, reason: string): void {
    this.#opened.closed(code, reason);
    this.#gone();
  }
}

const prefix = "/raw/";

/** The channel that a path names between `/raw/` and `ending`; `null` when it names none. */
function channelOf(path: string, ending: string): string | null {
  if (!path.startsWith(prefix) || !path.endsWith(ending)) return null;
  const name = path.slice(prefix.length, path.length - ending.length);
  if (name === "") return null;
  try {
    return decodeURIComponent(name);
  } catch {
    return null;
  }
}

function helpOf(path: string): string {
  return [
    "This is a channel. Read it, or write to it, in one of these ways:",
    "",
    `  WebSocket            new WebSocket("…${path}")`,
    `  server-sent events   new EventSource("…${path}")`,
    `                       curl -N -H "Accept: text/event-stream" …${path}`,
    `  publish              curl …${path} -d "hello"`,
    `  who is here          curl …${path}/presence`,
    "",
  ].join("\n");
}
