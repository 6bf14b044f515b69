// WebSocket connections: `ws` does the handshake, parses what comes in, answers pings and closes; what goes out is ours.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { type RawData, type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import type { Connection, ConnectionInfo, Framing, Open, Opened } from "../dialects/connection.ts";
import type { CompressionOptions, Limits } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";
import { Compression } from "./compression.ts";
import type { Agreed } from "./extension-offers.ts";
import { webSocketFraming } from "./framing.ts";
import { refuse } from "./intercept.ts";
import { watermarkOf, writeFrames } from "./writing.ts";

/** Options of ws 8.23 that its types do not know yet. */
interface NewerOptions {
  readonly maxFragments: number;
  readonly closeTimeout: number;
}

/** RFC 6455 §5.5: a control frame carries 125 bytes, two of which are the code. */
const longestReasonBytes = 123;

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

interface Serving {
  readonly info: ConnectionInfo;
  readonly framing: Framing;
  readonly open: Open;
}

export interface WebSocketOptions {
  readonly limits: Limits;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** `null`: every offer of it is declined. */
  readonly compression: Required<CompressionOptions> | null;
  /** Chooses among the subprotocols that a client offers. */
  readonly protocolFor: (offered: ReadonlySet<string>) => string | false;
}

export class WebSocketTransport {
  readonly #server: WebSocketServer;
  readonly #limits: Limits;
  readonly #open = new Set<WebSocket>();
  readonly #compression: Compression | null;
  /** What the answer to a request says, until it is written. */
  readonly #agreed = new WeakMap<IncomingMessage, Agreed>();

  constructor({ limits, clock, metrics, compression, protocolFor }: WebSocketOptions) {
    this.#limits = limits;
    const options: ServerOptions & NewerOptions = {
      noServer: true,
      clientTracking: false,
      // Ours, where it is on: what `ws` has keeps a window for each connection (decision 0016).
      perMessageDeflate: false,
      maxPayload: limits.messageBytes,
      maxFragments: limits.fragments,
      closeTimeout: limits.closeTimeoutMs,
      handleProtocols: protocolFor,
    };
    this.#server = new WebSocketServer(options);
    this.#compression = compression === null ? null : new Compression({ ...compression, limits, clock, metrics });
    this.#server.on("headers", (headers, request) => {
      const agreed = this.#agreed.get(request);
      if (agreed !== undefined) headers.push(`Sec-WebSocket-Extensions: ${agreed.answer}`);
    });
  }

  /** Completes the handshake, or answers it with an HTTP error. */
  accept({ request, socket, head }: Upgrade, info: ConnectionInfo, open: Open): void {
    // An offer of nothing is no offer, though some clients send the header: ws would refuse it.
    if (request.headers["sec-websocket-protocol"] === "") delete request.headers["sec-websocket-protocol"];
    const agreed = this.#compression?.agreeOn(request.headers["sec-websocket-extensions"]) ?? null;
    // RFC 6455 §9.1: it fails the connection.
    if (agreed === "malformed") return refuse(socket, "400 Bad Request", "Sec-WebSocket-Extensions is malformed");
    if (agreed !== null) this.#agreed.set(request, agreed);
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const framing = agreed === null ? undefined : this.#compression?.begin(webSocket, agreed);
      this.#serve(webSocket, socket as Socket, { info, framing: framing ?? webSocketFraming, open });
    });
  }

  closeAll(code: number, reason: string): void {
    for (const webSocket of this.#open) webSocket.close(code, reason);
  }

  #serve(webSocket: WebSocket, socket: Socket, { info, framing, open }: Serving): void {
    socket.setNoDelay(true);
    const connection = new WebSocketConnection(webSocket, socket, { info, framing, limits: this.#limits });
    const served = { opened: open(connection), connection, among: this.#open };
    this.#open.add(webSocket);
    (webSocket as Carrier<WebSocket>)[carried] = served;
    (socket as Carrier<Socket>)[carried] = served;
    webSocket.on("message", heard);
    webSocket.on("pong", answered);
    webSocket.on("close", ended);
    webSocket.on("error", ignore);
    socket.on("drain", drained);
  }
}

/** What a socket carries for its listeners: they are the same for all, since each of its own costs memory while it idles. */
interface Served {
  readonly opened: Opened;
  readonly connection: WebSocketConnection;
  readonly among: Set<WebSocket>;
}

const carried = Symbol("served");
type Carrier<Emitter> = Emitter & { [carried]: Served };

function heard(this: WebSocket, data: RawData, isBinary: boolean): void {
  // Whoever was told to go may go on for as long as the closing handshake may take; nothing is made of what it says.
  if (this.readyState !== this.OPEN) return;
  (this as Carrier<WebSocket>)[carried].opened.receive(data as Buffer, isBinary ? "bytes" : "text");
}

function answered(this: WebSocket): void {
  (this as Carrier<WebSocket>)[carried].opened.pong();
}

function ended(this: WebSocket, code: number, reason: Buffer): void {
  const { among, opened } = (this as Carrier<WebSocket>)[carried];
  among.delete(this);
  opened.closed(code, reason.toString());
}

function ignore(): void {
  // The close event follows and says what there is to say.
}

function drained(this: Socket): void {
  const { connection, opened } = (this as Carrier<Socket>)[carried];
  if (!connection.isFull) return;
  connection.isFull = false;
  opened.writable();
}

class WebSocketConnection implements Connection {
  readonly info: ConnectionInfo;
  readonly framing: Framing;
  isFull = false;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #watermark: number;

  constructor(
    webSocket: WebSocket,
    socket: Socket,
    options: { readonly info: ConnectionInfo; readonly framing: Framing; readonly limits: Limits },
  ) {
    this.info = options.info;
    this.framing = options.framing;
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#watermark = watermarkOf(socket, options.limits);
  }

  traffic(): { readonly unsent: number; readonly received: number } {
    return { unsent: this.#socket.writableLength, received: this.#socket.bytesRead };
  }

  send(frames: readonly Uint8Array[]): "open" | "full" {
    const socket = this.#socket;
    // After the close frame nothing may follow (RFC 6455 §5.5.1).
    if (this.#webSocket.readyState !== this.#webSocket.OPEN || socket.destroyed) return "open";
    writeFrames(socket, frames);
    this.isFull = socket.writableLength >= this.#watermark;
    return this.isFull ? "full" : "open";
  }

  hold(isHeld: boolean): void {
    if (isHeld) this.#webSocket.pause();
    else this.#webSocket.resume();
  }

  close(code: number, reason: string): void {
    // One that is held would never see the other side's close frame.
    this.#webSocket.resume();
    this.#webSocket.close(code, cutTo(reason, longestReasonBytes));
  }

  terminate(): void {
    this.#webSocket.terminate();
  }
}

/** At most so many bytes of it, and no half character at its end. */
function cutTo(reason: string, bytes: number): string {
  const encoded = Buffer.from(reason);
  if (encoded.length <= bytes) return reason;
  return encoded
    .subarray(0, bytes)
    .toString()
    .replace(/\ufffd+$/, "");
}
