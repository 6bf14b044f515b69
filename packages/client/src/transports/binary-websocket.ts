// The WebSocket transport of the Protobuf form, in which publications may be bytes.

import { decodeFrame, encodeFrame } from "../binary-codec.ts";
import type { Transport, TransportConnection, TransportEvents } from "../transport.ts";
import { asObject, decode, type Fields, objectAt } from "../wire.ts";
import { forget, tellEnd } from "./websocket.ts";

/**
 * Carries the protocol as Protobuf, for `createClient({ transport: binaryTransport })`. On channels that are defined with
 * `data: "bytes"` publications are `Uint8Array`, byte for byte; all others are as they are in JSON.
 */
export const binaryTransport: Transport = {
  open(url: string, events: TransportEvents): TransportConnection {
    const socket = new WebSocket(url, "centrifuge-protobuf");
    socket.binaryType = "arraybuffer";
    socket.onopen = () => events.opened();
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) events.received(messagesOf(new Uint8Array(data)));
      // The decoder refuses it as it should.
      else events.received("a text");
    };
    tellEnd(socket, events);
    return {
      send(text, bytes) {
        for (const command of decode(text))
          socket.send(encodeFrame("Command", said(command, bytes)) as Uint8Array<ArrayBuffer>);
      },
      close(code, reason) {
        forget(socket);
        socket.close(code, reason);
      },
    };
  },
};

/** The frame's messages; a text that nothing can be made of where it is none, so that the client refuses the frame. */
function messagesOf(frame: Uint8Array): string | readonly Fields[] {
  try {
    return decodeFrame("Reply", frame);
  } catch (error) {
    if (error instanceof SyntaxError) return error.message;
    throw error;
  }
}

/** What is said otherwise than in JSON. */
function said(command: Fields, payload: Uint8Array | undefined): Fields {
  const connect = objectAt(command, "connect");
  // Windows are marked in JSON alone (PROTOCOL 1.17).
  if (connect !== null) return { ...command, connect: { ...connect, tide: 1 } };
  if (payload === undefined) return command;
  return { ...command, rpc: { ...asObject(command["rpc"]), payload } };
}
