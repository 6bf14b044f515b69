// WebSocket connections: `ws` does the handshake, parses what comes in, answers pings and closes; what goes out is ours.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { type RawData, type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import type { Connection, ConnectionInfo, Open, Opened } from "../dialects/connection.ts";
import type { Limits } from "../options.ts";
import { webSocketFraming } from "./framing.ts";

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

export class WebSocketTransport {
  readonly #server: WebSocketServer;
  readonly #watermark: number;
  readonly #open = new Set<WebSocket>();

  constructor(limits: Limits, protocolFor: (offered: ReadonlySet<string>, request: IncomingMessage) => string | false) {
    this.#watermark = limits.watermarkBytes;
    const options: ServerOptions & NewerOptions = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: limits.messageBytes,
      maxFragments: limits.fragments,
      closeTimeout: limits.closeTimeoutMs,
      handleProtocols: protocolFor,
    };
    this.#server = new WebSocketServer(options);
  }

  /** Completes the handshake, or answers it with an HTTP error. */
  accept({ request, socket, head }: Upgrade, info: ConnectionInfo, open: Open): void {
    // An offer of nothing is no offer, though some clients send the header: ws would refuse it.
    if (request.headers["sec-websocket-protocol"] === "") delete request.headers["sec-websocket-protocol"];
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      this.#serve(webSocket, socket as Socket, { info, open });
    });
  }

  closeAll(code: number, reason: string): void {
    for (const webSocket of this.#open) webSocket.close(code, reason);
  }

  #serve(webSocket: WebSocket, socket: Socket, { info, open }: { info: ConnectionInfo; open: Open }): void {
    socket.setNoDelay(true);
    const connection = new WebSocketConnection(webSocket, socket, { info, watermark: this.#watermark });
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
  readonly framing = webSocketFraming;
  isFull = false;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #watermark: number;

  constructor(
    webSocket: WebSocket,
    socket: Socket,
    options: { readonly info: ConnectionInfo; readonly watermark: number },
  ) {
    this.info = options.info;
    this.#webSocket = webSocket;
    this.#socket = socket;
    // Node says "drain" only to a writer that was told to stop, which it does at its own mark.
    this.#watermark = Math.max(options.watermark, socket.writableHighWaterMark);
  }

  traffic(): { readonly unsent: number; readonly received: number } {
    return { unsent: this.#socket.writableLength, received: this.#socket.bytesRead };
  }

  send(frames: readonly Uint8Array[]): "open" | "full" {
    const socket = this.#socket;
    // After the close frame nothing may follow (RFC 6455 §5.5.1).
    if (this.#webSocket.readyState !== this.#webSocket.OPEN || socket.destroyed) return "open";
    const only = frames.length === 1 ? frames[0] : undefined;
    if (only === undefined) {
      socket.cork();
      for (const frame of frames) socket.write(frame);
      socket.uncork();
    } else {
      socket.write(only);
    }
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
