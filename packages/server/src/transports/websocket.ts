// WebSocket connections: `ws` does the handshake, parses what comes in, answers pings and closes; what goes out is ours.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { type RawData, type ServerOptions, WebSocket, WebSocketServer } from "ws";
import type { Connection, ConnectionInfo, Framing, Open, Opened } from "../dialects/connection.ts";
import { Link, Links } from "../collections/links.ts";
import type { CompressionOptions, Limits } from "../options.ts";
import type { LimitName, Metrics } from "../ports/metrics.ts";
import { Compression } from "./compression.ts";
import { Discarding } from "./discarding.ts";
import type { Agreed } from "./extension-offers.ts";
import { webSocketFraming } from "./framing.ts";
import { refuse } from "./intercept.ts";
import { type SlicedReadingOptions, sliceReads } from "./sliced-reading.ts";
import { watermarkOf, writeFrames } from "./writing.ts";

/** Options of ws 8.23 that its types do not know yet. */
interface NewerOptions {
  readonly maxFragments: number;
  readonly closeTimeout: number;
}

/** RFC 6455 §7.4.1. */
const protocolError = 1002;

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

export interface WebSocketOptions extends SlicedReadingOptions {
  readonly limits: Limits;
  /** `null`: every offer of it is declined. */
  readonly compression: Required<CompressionOptions> | null;
  /** Chooses among the subprotocols that a client offers. */
  readonly protocolFor: (offered: ReadonlySet<string>) => string | false;
}

export class WebSocketTransport {
  readonly #server: WebSocketServer;
  readonly #shared: Shared;
  readonly #reading: SlicedReadingOptions;
  readonly #open = new Links<WebSocket>();
  readonly #compression: Compression | null;
  /** What the answer to a request says, until it is written. */
  readonly #agreed = new WeakMap<IncomingMessage, Agreed>();

  constructor({ limits, clock, metrics, turns, compression, protocolFor }: WebSocketOptions) {
    this.#shared = { limits, metrics, discarding: new Discarding(clock) };
    this.#reading = { clock, metrics, turns };
    const options: ServerOptions & NewerOptions = {
      noServer: true,
      WebSocket: Concluding,
      clientTracking: false,
      // Ours, where it is on: what `ws` has keeps a window for each connection (decision 0016).
      perMessageDeflate: false,
      maxPayload: limits.messageBytes,
      maxFragments: limits.fragments,
      closeTimeout: limits.closeTimeoutMs,
      // Ours: `ws` cuts whoever is above its limit without a word.
      autoPong: false,
      handleProtocols: protocolFor,
    };
    this.#server = new WebSocketServer(options);
    this.#compression =
      compression === null ? null : new Compression({ ...compression, limits, clock, metrics, turns });
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
    for (const webSocket of this.#open.items())
      (webSocket as Carrier<WebSocket>)[carried].connection.close(code, reason);
  }

  #serve(webSocket: WebSocket, socket: Socket, { info, framing, open }: Serving): void {
    socket.setNoDelay(true);
    sliceReads(socket, this.#reading, webSocket);
    const connection = new WebSocketConnection(webSocket, socket, { shared: this.#shared, info, framing });
    const served = { opened: open(connection), connection, place: new Link(webSocket) };
    this.#open.add(served.place);
    (webSocket as Carrier<WebSocket>)[carried] = served;
    (socket as Carrier<Socket>)[carried] = served;
    webSocket.on("message", heard);
    webSocket.on("pong", answered);
    webSocket.on("close", ended);
    webSocket.on("ping", pinged);
    webSocket.on("error", failed);
    socket.on("drain", drained);
  }
}

/** What a socket carries for its listeners: they are the same for all, since each of its own costs memory while it idles. */
interface Served {
  readonly opened: Opened;
  readonly connection: WebSocketConnection;
  /** Among those that are open. */
  readonly place: Link<WebSocket>;
}

const carried = Symbol("served");
type Carrier<Emitter> = Emitter & { [carried]: Served };

/**
 * Behind a close frame, and behind what its parser refuses, `ws` takes its listener from the socket, and closes. It wants
 * a class for that to be seen.
 */
class Concluding extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason);
    (this as unknown as Partial<Carrier<WebSocket>>)[carried]?.connection.closing();
  }
}

function heard(this: WebSocket, data: RawData, isBinary: boolean): void {
  // Whoever was told to go may go on for as long as the closing handshake may take; nothing is made of what it says.
  if (this.readyState !== this.OPEN) return;
  const { opened, connection } = (this as Carrier<WebSocket>)[carried];
  const message = data as Buffer;
  connection.metrics.messagesReceived += 1;
  connection.metrics.bytesReceived += message.length;
  opened.receive(message, isBinary ? "bytes" : "text");
}

function answered(this: WebSocket): void {
  (this as Carrier<WebSocket>)[carried].opened.pong();
}

function ended(this: WebSocket, code: number, reason: Buffer): void {
  const { place, opened, connection } = (this as Carrier<WebSocket>)[carried];
  place.leave();
  connection.ended(code);
  // What `ws` says then is what the client made of it.
  opened.closed(connection.isFaulty ? protocolError : code, reason.toString());
}

function pinged(this: WebSocket, data: Buffer): void {
  (this as Carrier<WebSocket>)[carried].connection.pong(data);
}

/** What a parser says of limits; it closes by itself, and the close event follows. */
const parserLimits: ReadonlyMap<unknown, LimitName> = new Map([
  ["WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", "messageBytes"],
  ["WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH", "messageBytes"],
  ["WS_ERR_TOO_MANY_BUFFERED_PARTS", "fragments"],
]);

function failed(this: WebSocket, error: Error & { readonly code?: unknown }): void {
  const { connection } = (this as Carrier<WebSocket>)[carried];
  connection.isFaulty = true;
  const limit = parserLimits.get(error.code);
  if (limit !== undefined) connection.metrics.hit(limit);
}

function drained(this: Socket): void {
  const { connection, opened } = (this as Carrier<Socket>)[carried];
  if (!connection.isFull) return;
  connection.isFull = false;
  opened.writable();
}

/** What the connections of a transport share. */
interface Shared {
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly discarding: Discarding;
}

class WebSocketConnection implements Connection {
  readonly info: ConnectionInfo;
  readonly framing: Framing;
  isFull = false;
  /** It was ended for bytes that are no messages, or above a limit of one. */
  isFaulty = false;
  readonly #shared: Shared;
  /** Pongs that wait for the socket to take them. */
  #pongs = 0;
  #isClosing = false;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #watermark: number;

  constructor(
    webSocket: WebSocket,
    socket: Socket,
    options: { readonly info: ConnectionInfo; readonly framing: Framing; readonly shared: Shared },
  ) {
    this.info = options.info;
    this.framing = options.framing;
    this.#shared = options.shared;
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#watermark = watermarkOf(socket, options.shared.limits);
  }

  get metrics(): Metrics {
    return this.#shared.metrics;
  }

  traffic(): { readonly unsent: number; readonly received: number } {
    return { unsent: this.#socket.writableLength, received: this.#socket.bytesRead };
  }

  /** What Node has read stays in the socket while it waits in line. A message that is being inflated is the parser's, and not seen here. */
  get isLate(): boolean {
    return this.#socket.readableLength > 0 && !this.#webSocket.isPaused;
  }

  send(frames: readonly Uint8Array[]): "open" | "full" {
    const [webSocket, socket] = [this.#webSocket, this.#socket];
    // After the close frame nothing may follow (RFC 6455 §5.5.1). A socket that is destroyed takes a write and drops it.
    if (webSocket.readyState !== webSocket.OPEN) return "open";
    writeFrames(socket, frames, this.metrics);
    this.isFull = socket.writableLength >= this.#watermark;
    if (!this.isFull) return "open";
    this.metrics.add("limit_watermarkBytes");
    return "full";
  }

  /** RFC 6455 §5.5.3. Whoever floods with pings and takes no pong is sent away, before the pongs fill memory. */
  pong(data: Buffer): void {
    const { webSocket, socket } = { webSocket: this.#webSocket, socket: this.#socket };
    if (webSocket.readyState !== webSocket.OPEN || socket.destroyed) return;
    if (this.#pongs >= this.#shared.limits.pendingPongs) {
      this.metrics.hit("pendingPongs");
      this.isFaulty = true;
      return this.close(1008, "too many pings");
    }
    this.#pongs += 1;
    webSocket.pong(data, false, () => {
      this.#pongs -= 1;
    });
  }

  /** The socket is closed: by `ws`, where the other side has neither answered the close frame in time nor left. */
  ended(code: number): void {
    const { readableEnded: hasLeft, errored } = this.#socket;
    if (code === 1006 && this.#isClosing && !hasLeft && errored === null) this.metrics.hit("closeTimeoutMs");
  }

  /** Told at every close, whoever began it. */
  closing(): void {
    const socket = this.#socket;
    // Nobody parses what still comes; ws would have it flow.
    if (socket.listenerCount("data") === 0 && !socket.destroyed) this.#shared.discarding.begin(socket);
  }

  /** Whoever is closing is not held: it would never see the other side's close frame. */
  hold(isHeld: boolean): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (isHeld) this.#webSocket.pause();
    else this.#webSocket.resume();
  }

  close(code: number, reason: string): void {
    this.hold(false);
    this.#isClosing = true;
    this.#webSocket.close(code, cutTo(reason, longestReasonBytes));
  }

  terminate(): void {
    this.#isClosing = false;
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
