// What a client says on the wires that the generator speaks: the least that opens its subscriptions and keeps them.
import { endOfLength, type EndOfReply, lineEnds } from "./divisions.ts";
import { clientFrame, opcodes } from "./frames.ts";
import { justOpen, type Opened, type Position, readReplies } from "./replies.ts";

/** What the subscriptions of one connection are to be. */
export interface Wish {
  readonly channels: readonly string[];
  /** The position to go on from, of a connection with one channel; at rest until `resume` is said. */
  readonly recover: (Position & { readonly isPaused: boolean }) | null;
  /** Pulls a second, of a `latest` channel. */
  readonly rate: number | null;
}

/** What a frame without a publication means: nothing, an answer to give, or that all subscriptions are open. */
export type Heard = null | Buffer | Opened;

export interface Speech {
  readonly path: string;
  /** What carries it: a WebSocket, or the body of an answer, in events or in lines. */
  readonly carrier: "websocket" | "events" | "lines";
  /** How the replies are told apart that a frame holds; absent: it holds one. */
  readonly endOfReply?: EndOfReply;
  /** The body of its request. What it says later, on all carriers but a WebSocket, is a request by itself. */
  readonly posted?: string;
  readonly subprotocol: string | null;
  /** Said when the answer has begun; `null`: then the subscription is open too. */
  readonly opening: Buffer | null;
  /** Lets a subscription at rest go on. */
  readonly resume: Buffer | null;
  /** @throws {Error} when the server refuses. */
  hear(payload: Buffer): Heard;
}

export const wires = [
  "bare",
  "centrifuge-json",
  "centrifuge-protobuf",
  "raw",
  "socket.io",
  "sse",
  "http-stream",
  "centrifuge-sse",
  "uni-websocket",
  "uni-sse",
  "uni-http-stream",
] as const;
/** A wire that the generator speaks. */
export type Wire = (typeof wires)[number];

const text = (said: string): Buffer => clientFrame(opcodes.text, Buffer.from(said));
const silent = (): null => null;
const plain = { subprotocol: null, resume: null } as const;
const carrier = "websocket";
/** Of a server's commands in one frame (100). */
const commandsPerFrame = 64;

/** @throws {TypeError} when the wire cannot say what is wished. */
export function speechOf(wire: Wire, wish: Wish): Speech {
  if (wire === "centrifuge-json") return centrifugeJson(wish);
  const [channel = "", ...more] = wish.channels;
  if (more.length > 0 || wish.recover !== null || wish.rate !== null) {
    throw new TypeError(`${wire}: expected one channel, from its head, at no rate`);
  }
  switch (wire) {
    case "bare":
      return { ...plain, path: "/", carrier, opening: null, hear: silent };
    case "raw":
      // Only a greeting says that the subscription is open; the measured server has one for channel 0.
      return { ...plain, path: `/raw/${channel}`, carrier, opening: Buffer.alloc(0), hear: () => justOpen };
    case "sse":
      // The head comes when the subscription is open.
      return { ...plain, path: `/raw/${channel}`, carrier: "events", opening: null, hear: silent };
    case "http-stream":
    case "centrifuge-sse":
      return emulated(wire, channel);
    case "uni-websocket":
    case "uni-sse":
    case "uni-http-stream":
      return hearing(wire, channel);
    case "centrifuge-protobuf":
      return centrifugeProtobuf(channel);
    case "socket.io":
      return socketIo();
  }
}

/** Pongs are posted, to the session that the connect reply names. PROTOCOL §5.2 */
function emulated(wire: "http-stream" | "centrifuge-sse", channel: string): Speech {
  let pong: Buffer | null = null;
  const commands = `{"id":1,"connect":{}}\n${JSON.stringify({ id: 2, subscribe: { channel } })}`;
  const opening = Buffer.alloc(0);
  const hear = (said: string): Heard => {
    if (said === "{}") return pong;
    const [session, node] = ["session", "node"].map((name) => new RegExp(`"${name}":"([^"]+)"`).exec(said)?.[1]);
    if (session !== undefined) pong = requestTo("/emulation", JSON.stringify({ session, node, data: "{}" }));
    const { subscribed, last } = readReplies(Buffer.from(said));
    return subscribed === 0 ? null : last;
  };
  if (wire === "http-stream") {
    const path = "/connection/http_stream";
    return { ...plain, path, carrier: "lines", posted: commands, opening, hear: (payload) => hear(payload.toString()) };
  }
  const path = `/connection/sse?cf_connect=${encodeURIComponent(commands)}`;
  return { ...plain, path, carrier: "events", opening, hear: (payload) => hear(dataOf(payload)) };
}

/** It asks once, and says nothing more: no pong, no command. PROTOCOL §5.7 */
function hearing(wire: "uni-websocket" | "uni-sse" | "uni-http-stream", channel: string): Speech {
  const request = JSON.stringify({ subs: { [channel]: {} } });
  const hear = (said: string): Heard => {
    if (said.startsWith('{"disconnect"')) throw new Error(`the server ended it: ${said}`);
    return said.startsWith('{"connect"') ? justOpen : null;
  };
  const speech = { ...plain, opening: Buffer.alloc(0), hear: (payload: Buffer) => hear(payload.toString()) };
  if (wire === "uni-http-stream") {
    return { ...speech, path: "/connection/uni_http_stream", carrier: "lines", posted: request };
  }
  const asked = `?cf_connect=${encodeURIComponent(request)}`;
  if (wire === "uni-websocket") return { ...speech, path: `/connection/uni_websocket${asked}`, carrier };
  const path = `/connection/uni_sse${asked}`;
  return { ...speech, path, carrier: "events", hear: (payload) => hear(dataOf(payload)) };
}

/** What the lines of an event say, without their fields. */
function dataOf(event: Buffer): string {
  const lines = event.toString().split("\n");
  return lines.flatMap((line) => (line.startsWith("data: ") ? line.slice("data: ".length) : [])).join("\n");
}

/** A whole request, after which its connection is not needed any more. */
function requestTo(path: string, body: string): Buffer {
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function centrifugeJson({ channels, recover, rate }: Wish): Speech {
  const pong = text("{}");
  const place = recover === null ? {} : { recover: true, epoch: recover.epoch, offset: recover.offset };
  const tide = { ...(recover?.isPaused === true && { paused: true }), ...(rate !== null && { rate }) };
  const also = { ...place, ...(Object.keys(tide).length > 0 && { tide }) };
  const commands = channels.map((channel, index) => ({ id: index + 2, subscribe: { channel, ...also } }));
  const frames: Buffer[] = [];
  for (let at = 0; at < commands.length; at += commandsPerFrame) {
    const some = [...(at === 0 ? [{ id: 1, connect: {} }] : []), ...commands.slice(at, at + commandsPerFrame)];
    frames.push(text(some.map((command) => JSON.stringify(command)).join("\n")));
  }
  const resume = { id: commands.length + 2, rpc: { method: "tide.resume", data: { channel: channels[0] } } };
  let left = channels.length;
  return {
    path: "/connection/websocket",
    carrier,
    endOfReply: lineEnds(),
    subprotocol: null,
    opening: Buffer.concat(frames),
    resume: text(JSON.stringify(resume)),
    hear: (payload) => {
      if (isEmpty(payload)) return pong;
      const { subscribed, last } = readReplies(payload);
      if (subscribed === 0) return null;
      left -= subscribed;
      return left === 0 ? last : null;
    },
  };
}

/** `{}`, with a line's end or without. */
function isEmpty(payload: Buffer): boolean {
  return payload[0] === 0x7b && payload[1] === 0x7d;
}

/** Commands are `{ uint32 id = 1; ConnectRequest connect = 4; SubscribeRequest subscribe = 5 }`, lengths before them. */
function centrifugeProtobuf(channel: string): Speech {
  const name = Buffer.from(channel);
  const subscribe = Buffer.concat([Buffer.of(0x08, 2, 0x2a, name.length + 2, 0x0a, name.length), name]);
  const commands = [Buffer.of(4, 0x08, 1, 0x22, 0), Buffer.of(subscribe.length), subscribe];
  const pong = clientFrame(opcodes.binary, Buffer.of(0));
  return {
    ...plain,
    path: "/connection/websocket",
    carrier,
    endOfReply: endOfLength,
    subprotocol: "centrifuge-protobuf",
    opening: clientFrame(opcodes.binary, Buffer.concat(commands)),
    hear: (payload) => {
      if (payload.length === 1) return pong;
      return isSubscribed(payload) ? justOpen : null;
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
    ...plain,
    path: "/socket.io/?EIO=4&transport=websocket",
    carrier,
    opening: Buffer.alloc(0),
    hear: (payload) => {
      const said = payload.toString("latin1", 0, 2);
      if (said.startsWith("0")) return connect;
      if (said.startsWith("2")) return pong;
      return said === "40" ? justOpen : null;
    },
  };
}
