// Lives of hostile WebSockets: each says frames in bursts until the server has enough of it.
import WebSocket from "ws";
import { type FrameSource, isBinary, isLast } from "./frame-source.ts";
import type { Dialect } from "./dialects.ts";

const burstFrames = 32;
const burstsPerLife = 32;
/** Far more than the server's own patience with anybody. */
const answerMs = 60_000;

export interface Life {
  /** Frames that the server has read: it answered a ping behind them, or ended the connection for the last of them. */
  readonly frames: number;
  readonly closeCode: number;
}

export interface Place {
  readonly port: number;
  readonly source: FrameSource;
  /** Counts lives, so that each may come from another address: ports wait after use. */
  readonly number: number;
}

const encode = { json: '{"id":1,"connect":{}}', protobuf: Uint8Array.of(4, 8, 1, 0x22, 0), raw: null } as const;
const subprotocols = { json: [], protobuf: ["centrifuge-protobuf"], raw: [] } as const;

export async function socketLife(dialect: Exclude<Dialect, "sse-post">, place: Place): Promise<Life> {
  const { port, source, number } = place;
  const path = dialect === "raw" ? `/raw/raw:${number % 50}` : "/connection/websocket";
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, [...subprotocols[dialect]], {
    perMessageDeflate: false,
    localAddress: `127.0.${1 + (number % 40)}.1`,
  });
  const closed = new Promise<number>((resolve) => {
    socket.on("close", (code) => resolve(code));
    socket.on("error", () => undefined);
  });
  await Promise.race([new Promise((resolve) => socket.once("open", resolve)), closed]);
  const hello = encode[dialect];
  // One in ten says something else first.
  if (hello !== null && number % 10 > 0) socket.send(hello, { binary: dialect === "protobuf" });
  let frames = 0;
  for (let burst = 0; burst < burstsPerLife && socket.readyState === WebSocket.OPEN; burst += 1) {
    const said = say(socket, dialect, source);
    const answered = await within(Promise.race([pong(socket), closed.then(() => "closed" as const)]));
    // Cut off before its end, nobody knows how much of a burst was read: all but the frame that it was for.
    frames += answered === "pong" || said.isLast ? said.frames : 1;
  }
  // Half of them just vanish.
  if (number % 2 === 0) socket.terminate();
  else socket.close(1000);
  return { frames, closeCode: await within(closed) };
}

function say(
  socket: WebSocket,
  dialect: Exclude<Dialect, "sse-post">,
  source: FrameSource,
): { readonly frames: number; readonly isLast: boolean } {
  let [frames, isEnd] = [0, false];
  while (frames < burstFrames && !isEnd) {
    const frame = source.next();
    isEnd = isLast(dialect, frame);
    const binary = isBinary(dialect, frame);
    const payload = dialect === "raw" ? frame.subarray(1) : frame;
    // A text that is not UTF-8 ends the connection before a dialect sees it (RFC 6455 §8.1).
    socket.send(binary ? payload : Buffer.from(payload).toString(), { binary });
    frames += 1;
  }
  socket.ping();
  return { frames, isLast: isEnd };
}

function pong(socket: WebSocket): Promise<"pong"> {
  return new Promise((resolve) => socket.once("pong", () => resolve("pong")));
}

/** @throws {Error} when the server neither answers nor ends it. */
async function within<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`expected an answer or an end within ${answerMs} ms, got neither`)),
      answerMs,
    );
  });
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
