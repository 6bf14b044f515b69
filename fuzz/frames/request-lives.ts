// Lives of hostile HTTP connections: publishes with changed bodies and headers, and event streams opened with changed ids.
import { connect, type Socket } from "node:net";
import type { Life, Place } from "./socket-lives.ts";

const burstRequests = 16;
const burstsPerLife = 32;
const answerMs = 60_000;

export async function requestLife({ port, source, number }: Place): Promise<Life> {
  const socket = connect({ port, host: "127.0.0.1", localAddress: `127.0.${1 + (number % 40)}.1` });
  const answers = new Answers(socket);
  let frames = 0;
  for (let burst = 0; burst < burstsPerLife && !answers.isClosed; burst += 1) {
    const expected = answers.count + burstRequests;
    for (let request = 0; request < burstRequests; request += 1) {
      socket.write(posted(source.next(), `raw:${number % 50}`));
    }
    await answers.reach(expected);
    // An answer of 400 for what is no HTTP ends the connection; what stood behind it was not read.
    frames += burstRequests - Math.max(0, expected - answers.count);
  }
  socket.destroy();
  if (number % 4 === 0) frames += await streamLife(port, source.next());
  return { frames, closeCode: 0 };
}

/** Two lines of headers, and the body: as the target `raw-posts` has it. */
function posted(input: Uint8Array, channel: string): Buffer {
  const first = input.indexOf(10);
  const second = input.indexOf(10, first + 1);
  const [type, key] = [input.subarray(0, Math.max(0, first)), input.subarray(first + 1, Math.max(first + 1, second))];
  const body = input.subarray(second + 1);
  const lines = [
    `POST /raw/${encodeURIComponent(channel)} HTTP/1.1`,
    "Host: localhost",
    `Content-Length: ${body.length}`,
    ...(type.length > 0 ? [`Content-Type: ${headerOf(type)}`] : []),
    ...(key.length > 0 ? [`Idempotency-Key: ${headerOf(key)}`] : []),
  ];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body]);
}

/** Mostly what HTTP lets through; the rest it has to refuse. */
function headerOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, 512)).toString("latin1");
  // oxlint-disable-next-line no-control-regex -- those are what no header has
  return (bytes[0] ?? 0) % 16 === 0 ? text : text.replaceAll(/[\0-\x1f\x7f]/g, "");
}

/** Opens an event stream behind an id that was never given, reads its beginning, and vanishes. */
async function streamLife(port: number, input: Uint8Array): Promise<number> {
  const socket = connect({ port, host: "127.0.0.1" });
  const id = headerOf(input);
  const query = `lastEventId=${encodeURIComponent(id.slice(0, 100))}&rate=${encodeURIComponent(id.slice(0, 5))}`;
  const address = `/raw/news?${id.length % 2 === 0 ? query : "rate=2"}`;
  socket.write(
    `GET ${address} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nLast-Event-ID: ${id}\r\n\r\n`,
    "latin1",
  );
  await new Promise<void>((resolve) => {
    socket.once("data", () => resolve());
    socket.once("close", () => resolve());
    socket.once("error", () => resolve());
  });
  socket.destroy();
  return 1;
}

/** Counts the answers of a connection on which requests stand in line. */
class Answers {
  count = 0;
  isClosed = false;
  #rest = "";
  #look: () => void = () => undefined;

  constructor(socket: Socket) {
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.#take(text));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.isClosed = true;
      this.#look();
    });
  }

  /** Resolves when so many have come, or the connection is closed. @throws {Error} when neither happens. */
  async reach(count: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`expected ${count} answers, got ${this.count}`)), answerMs);
      this.#look = () => {
        if (this.count < count && !this.isClosed) return;
        clearTimeout(timer);
        resolve();
      };
      this.#look();
    });
  }

  #take(text: string): void {
    this.#rest += text;
    for (let end = this.#rest.indexOf("\r\n\r\n"); end >= 0; end = this.#rest.indexOf("\r\n\r\n")) {
      const length = Number(/^content-length: (\d+)/im.exec(this.#rest.slice(0, end))?.[1] ?? 0);
      if (this.#rest.length < end + 4 + length) break;
      this.#rest = this.#rest.slice(end + 4 + length);
      this.count += 1;
    }
    this.#look();
  }
}
