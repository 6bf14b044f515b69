// A conversation over any library's WebSocket: what arrives waits until the test asks for it.
import WebSocket from "ws";

/** The part of the browser's WebSocket that every library has. */
export interface StandardSocket {
  binaryType: string;
  readonly protocol: string | undefined;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

export interface Ended {
  readonly code: number;
  readonly reason: string;
}

export type Message = string | Uint8Array;

export class Talk {
  readonly socket: StandardSocket;
  readonly opened: Promise<void>;
  readonly closed: Promise<Ended>;
  /** Everything that arrived, asked for or not. */
  readonly heard: Message[] = [];
  #asked = 0;
  #waiting: (() => void)[] = [];
  #ended: Ended | null = null;

  constructor(socket: StandardSocket) {
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    const opening = Promise.withResolvers<void>();
    const closing = Promise.withResolvers<Ended>();
    this.opened = opening.promise;
    this.closed = closing.promise;
    // Whoever waits for the opening sees its failure; whoever does not, does not care.
    this.opened.catch(() => undefined);
    socket.onopen = () => opening.resolve();
    socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
      this.heard.push(typeof data === "string" ? data : new Uint8Array(data));
      this.#wake();
    };
    socket.onerror = () => opening.reject(new Error("the connection did not open"));
    socket.onclose = ({ code, reason }: Ended) => {
      this.#ended = { code, reason };
      opening.reject(new Error(`closed with ${code} ${reason}`));
      closing.resolve(this.#ended);
      this.#wake();
    };
  }

  /** The next message. @throws when the connection ends before it. */
  async next(): Promise<Message> {
    while (this.heard.length <= this.#asked) {
      if (this.#ended !== null) throw new Error(`closed with ${this.#ended.code} ${this.#ended.reason}`);
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    }
    const message = this.heard[this.#asked];
    this.#asked += 1;
    return message ?? "";
  }

  async take(count: number): Promise<Message[]> {
    const messages: Message[] = [];
    while (messages.length < count) messages.push(await this.next());
    return messages;
  }

  send(message: string | Uint8Array<ArrayBuffer>): void {
    this.socket.send(message);
  }

  /** The closing handshake, to its end. */
  close(): Promise<Ended> {
    this.socket.close(1000);
    return this.closed;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

interface TalkOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
}

/** Opens a connection with `ws`, which unlike a browser may send any header. */
export async function talk(url: string, options: TalkOptions = {}): Promise<Talk> {
  const begun = new Talk(bareSocket(url, options));
  await begun.opened;
  return begun;
}

export function bareSocket(url: string, options: TalkOptions = {}): WebSocket & StandardSocket {
  const headers = options.headers ?? {};
  return new WebSocket(url, [...(options.protocols ?? [])], { headers }) as WebSocket & StandardSocket;
}

/** The HTTP status with which an upgrade is answered: 101 when it is let in. */
export function upgradeStatus(url: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers });
    socket.once("upgrade", () => resolve(101));
    socket.once("open", () => socket.terminate());
    socket.once("unexpected-response", (request, response) => {
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    socket.once("error", reject);
  });
}
