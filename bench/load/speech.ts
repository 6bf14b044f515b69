// What a client says on the wires that the contestants speak: the least that opens a subscription and keeps it.
import { clientFrame, opcodes } from "./frames.ts";

export interface Speech {
  readonly path: string;
  /** What carries it: a WebSocket, or the body of an answer, in events or in lines. */
  readonly carrier: "websocket" | "events" | "lines";
  /** The body of its request. What it says later is a request by itself, on a connection of its own. */
  readonly posted?: string;
  readonly subprotocol: string | null;
  /** Said when the answer has begun; `null`: then the subscription is open too. */
  readonly opening: Buffer | null;
  /** What a frame means that carries no publication: the subscription is open, there is an answer to it, or nothing. */
  hear(payload: Buffer): "open" | Buffer | null;
}

export const wires = [
  "bare",
  "centrifuge-json",
  "centrifuge-protobuf",
  "raw",
  "socket.io",
  "sse",
  "http-stream",
] as const;
export type Wire = (typeof wires)[number];

const text = (said: string): Buffer => clientFrame(opcodes.text, Buffer.from(said));
const silent = (): null => null;
const carrier = "websocket";

export function speechOf(wire: Wire, channel: string): Speech {
  switch (wire) {
    case "bare":
      return { path: "/", carrier, subprotocol: null, opening: null, hear: silent };
    case "raw":
      // The bench's server greets whoever has subscribed.
      return { path: `/raw/${channel}`, carrier, subprotocol: null, opening: Buffer.alloc(0), hear: () => "open" };
    case "sse":
      // The head comes when the subscription is open.
      return { path: `/raw/${channel}`, carrier: "events", subprotocol: null, opening: null, hear: silent };
    case "http-stream":
      return httpStream(channel);
    case "centrifuge-json":
      return centrifugeJson(channel);
    case "centrifuge-protobuf":
      return centrifugeProtobuf(channel);
    case "socket.io":
      return socketIo();
  }
}

const commandsOf = (channel: string): string => `{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"${channel}"}}`;

/** Pongs are posted, to the session that the connect reply names. */
function httpStream(channel: string): Speech {
  let pong: Buffer | null = null;
  return {
    path: "/connection/http_stream",
    carrier: "lines",
    posted: commandsOf(channel),
    subprotocol: null,
    opening: Buffer.alloc(0),
    hear: (payload) => {
      if (payload.length === 2) return pong;
      const said = payload.toString();
      const [session, node] = ["session", "node"].map((name) => new RegExp(`"${name}":"([^"]+)"`).exec(said)?.[1]);
      if (session !== undefined) pong = requestTo("/emulation", JSON.stringify({ session, node, data: "{}" }));
      return said.includes('{"id":2,"subscribe":') ? "open" : null;
    },
  };
}

/** A whole request, after which the connection is not needed any more. */
function requestTo(path: string, body: string): Buffer {
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function centrifugeJson(channel: string): Speech {
  const pong = text("{}");
  return {
    path: "/connection/websocket",
    carrier,
    subprotocol: null,
    opening: text(commandsOf(channel)),
    hear: (payload) => {
      if (payload.length === 2) return pong;
      return payload.includes('{"id":2,"subscribe":') ? "open" : null;
    },
  };
}

/** Commands are `{ uint32 id = 1; ConnectRequest connect = 4; SubscribeRequest subscribe = 5 }`, lengths before them. */
function centrifugeProtobuf(channel: string): Speech {
  const name = Buffer.from(channel);
  const subscribe = Buffer.concat([Buffer.of(0x08, 2, 0x2a, name.length + 2, 0x0a, name.length), name]);
  const commands = [Buffer.of(4, 0x08, 1, 0x22, 0), Buffer.of(subscribe.length), subscribe];
  const pong = clientFrame(opcodes.binary, Buffer.of(0));
  return {
    path: "/connection/websocket",
    carrier,
    subprotocol: "centrifuge-protobuf",
    opening: clientFrame(opcodes.binary, Buffer.concat(commands)),
    hear: (payload) => {
      if (payload.length === 1) return pong;
      return isSubscribed(payload) ? "open" : null;
    },
  };
}

/** `Reply { id = 1: 2; SubscribeResult subscribe = 6 }`, shorter than 128 bytes. */
function isSubscribed(payload: Buffer): boolean {
  return payload[1] === 0x08 && payload[2] === 2 && payload[3] === 0x32;
}

/** Engine.IO 4 in Socket.IO 5: `0` open, `2` ping, `3` pong, `40` connect. */
function socketIo(): Speech {
  const [connect, pong] = [text("40"), text("3")];
  return {
    path: "/socket.io/?EIO=4&transport=websocket",
    carrier,
    subprotocol: null,
    opening: Buffer.alloc(0),
    hear: (payload) => {
      const said = payload.toString("latin1", 0, 2);
      if (said.startsWith("0")) return connect;
      if (said.startsWith("2")) return pong;
      return said === "40" ? "open" : null;
    },
  };
}
