// WebSocket by hand, on a bare TCP socket, for what no library would send.
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A client's frame (RFC 6455 §5.2), masked; final unless told otherwise. */
export function frame(
  opcode: keyof typeof opcodes,
  payload: string | Uint8Array = "",
  options: { readonly isFinal?: boolean } = {},
): Buffer {
  const data = Buffer.from(payload);
  const head = [(options.isFinal === false ? 0 : 0x80) | opcodes[opcode]];
  if (data.length < 126) head.push(0x80 | data.length);
  else if (data.length < 65_536) head.push(0x80 | 126, data.length >> 8, data.length & 255);
  else head.push(0x80 | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((bits) => (data.length >>> bits) & 255));
  const mask = randomBytes(4);
  const masked = data.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([Buffer.from(head), mask, masked]);
}

/** The request that opens a WebSocket at `path`. */
export function upgradeRequest(path: string, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({
    Host: "127.0.0.1",
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  return `GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

export interface DialOptions {
  readonly localAddress?: string;
  /** Stays open for writing when the server has ended. Default: false. */
  readonly allowHalfOpen?: boolean;
}

/** A TCP connection; its errors are of no interest. */
export function dial(port: number, options: DialOptions = {}): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", ...options });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.removeListener("error", reject);
      socket.on("error", () => undefined);
      resolve(socket);
    });
  });
}

/** Reads until `found` says so, or the end; everything read, as Latin-1. */
export function readUntil(socket: Socket, found: (text: string) => boolean): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const done = (): void => {
      socket.removeListener("data", more);
      socket.removeListener("close", done);
      resolve(text);
    };
    const more = (chunk: Buffer): void => {
      text += chunk.toString("latin1");
      if (found(text)) done();
    };
    socket.on("data", more);
    socket.once("close", done);
    if (socket.destroyed) done();
  });
}

/** A WebSocket at `path`, after the handshake. */
export async function openWire(port: number, path: string): Promise<Socket> {
  const socket = await dial(port);
  socket.write(upgradeRequest(path));
  const answer = await readUntil(socket, (text) => text.includes("\r\n\r\n"));
  if (!answer.startsWith("HTTP/1.1 101 ")) throw new Error(`expected 101, got ${answer.slice(0, 80)}`);
  return socket;
}

/** The code of the close frame at the end of what a server sent; `null` when there is none. */
export function closeCode(received: string): number | null {
  const bytes = Buffer.from(received, "latin1");
  for (let at = bytes.lastIndexOf(0x88); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(0x88, at - 1)) {
    if (bytes[at + 1] === bytes.length - at - 2 && bytes.length - at >= 4) return bytes.readUInt16BE(at + 2);
  }
  return null;
}
