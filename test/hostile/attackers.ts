// Attackers: bare sockets, many at once, and what became of each.
import type { Socket } from "node:net";
import { closeCode, dial, type DialOptions, frame, readUntil, upgradeRequest } from "../wire.ts";

/** Ports of one address would run out, as they rest for a minute after a close. */
const addresses = 250;
/** Dialing at once; more would wait in the kernel. */
const atOnce = 200;

export const connect: Buffer = frame("text", '{"id":1,"connect":{}}');

export function command(json: object | string): Buffer {
  return frame("text", typeof json === "string" ? json : JSON.stringify(json));
}

/** Does it `n` times, many at once; what came of each, in their order. */
export async function many<Result>(n: number, act: (index: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < n) {
      const index = next;
      next += 1;
      results[index] = await act(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(n, atOnce) }, work));
  return results;
}

export function dialFrom(port: number, index: number, options: DialOptions = {}): Promise<Socket> {
  return dial(port, { ...options, localAddress: `127.0.1.${1 + (index % addresses)}` });
}

interface Opening extends DialOptions {
  readonly index?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A WebSocket at `path`; its socket reads nothing until it is told to. */
export async function openAt(
  port: number,
  path: string,
  { index = 0, headers = {}, ...options }: Opening = {},
): Promise<Socket> {
  const socket = await dialFrom(port, index, options);
  socket.write(upgradeRequest(path, headers));
  const answer = await readUntil(socket, (text) => text.includes("\r\n\r\n"));
  if (!answer.startsWith("HTTP/1.1 101 ")) throw new Error(`expected 101, got ${answer.slice(0, 80)}`);
  socket.pause();
  return socket;
}

function goneFrom(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once("close", () => resolve());
  });
}

/** Writes as fast as the other side takes it, until it is written or the socket is gone. */
export async function pour(socket: Socket, bytes: Uint8Array, times: number): Promise<void> {
  const gone = goneFrom(socket);
  for (let n = 0; n < times && !socket.destroyed; n += 1) {
    if (socket.write(bytes)) continue;
    await Promise.race([new Promise<void>((resolve) => void socket.once("drain", resolve)), gone]);
  }
}

/** Reads on to the end: the close code, or "cut". */
export async function ending(socket: Socket): Promise<string> {
  // A code is in the last frame; what came before it is not kept.
  let last = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => (last = Buffer.concat([last.subarray(-200), chunk.subarray(-200)])));
  socket.resume();
  await goneFrom(socket);
  return String(closeCode(last.toString("latin1")) ?? "cut");
}

/** The status that a socket is answered with at last, or "cut". */
export async function statusOf(socket: Socket): Promise<string> {
  const text = await readUntil(socket, () => false);
  return /^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? "cut";
}

/** "1008 × 3, cut × 1", the most frequent first. */
export function tally(results: readonly string[]): string {
  const counts = Object.entries(Object.groupBy(results, (result) => result)).map(
    ([result, some = []]) => [result, some.length] as const,
  );
  const ordered = counts.toSorted(([a, m], [b, n]) => n - m || a.localeCompare(b));
  return ordered.map(([result, count]) => `${result} × ${count}`).join(", ");
}
