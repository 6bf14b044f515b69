// A server that plays the Centrifuge protocol on a real port, as well or as badly as a test wants.
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

export type Json = Readonly<Record<string, unknown>>;

/** What a script answers to a command: parts of a reply, `hang` for nothing at all, `undefined` for the usual. */
export type Answer = Json | "hang" | undefined;
export type Script = (method: string, params: Json, link: ServerLink) => Answer;

export interface Heard {
  readonly link: ServerLink;
  readonly id: number;
  readonly method: string;
  readonly params: Json;
}

/** One connection, seen from the server. */
export class ServerLink {
  readonly number: number;
  readonly frames: string[] = [];
  /** Resolves when it is over, by whomever. */
  readonly closed: Promise<void>;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, number: number) {
    this.#socket = socket;
    this.number = number;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  send(...messages: readonly unknown[]): void {
    this.raw(messages.map((message) => JSON.stringify(message)).join("\n"));
  }

  raw(data: string | Uint8Array): void {
    this.#socket.send(data);
  }

  push(channel: string, push: Json): void {
    this.send({ push: { channel, ...push } });
  }

  publish(channel: string, offset: number, data: unknown = offset): void {
    this.push(channel, { pub: { data, ...(offset > 0 && { offset }) } });
  }

  close(code: number, reason = ""): void {
    this.#socket.close(code, reason);
  }

  cut(): void {
    this.#socket.terminate();
  }
}

export class ScriptedServer {
  readonly heard: Heard[] = [];
  readonly links: ServerLink[] = [];
  upgrades = 0;
  script: Script = () => undefined;
  /** Fields of the connect reply besides the client's id. */
  greeting: Json = { ping: 25, pong: true };
  readonly #server: WebSocketServer;
  readonly #watchers = new Set<() => void>();

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on("connection", (socket) => this.#accept(socket));
  }

  static async start(): Promise<ScriptedServer> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await new Promise((resolve) => server.once("listening", resolve));
    return new ScriptedServer(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/connection/websocket`;
  }

  get link(): ServerLink {
    const link = this.links.at(-1);
    if (link === undefined) throw new Error("nobody has connected");
    return link;
  }

  async stop(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  all(method: string): readonly Json[] {
    return this.heard.filter((heard) => heard.method === method).map(({ params }) => params);
  }

  /** Resolves when the `count`th command of this method has come. */
  async hears(method: string, count = 1): Promise<Json> {
    await this.until(() => this.all(method).length >= count);
    return this.all(method)[count - 1] ?? {};
  }

  /** Resolves when `holds`, looking again after everything that comes in. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  #accept(socket: WebSocket): void {
    const link = new ServerLink(socket, ++this.upgrades);
    this.links.push(link);
    socket.on("message", (data) => {
      const frame = (data as Buffer).toString();
      link.frames.push(frame);
      const replies = frame
        .split("\n")
        .map((line) => this.#hear(JSON.parse(line) as Json, link))
        .filter((reply) => reply !== null);
      if (replies.length > 0) link.send(...replies);
      this.#look();
    });
    socket.on("close", () => this.#look());
    this.#look();
  }

  #look(): void {
    for (const look of this.#watchers) look();
  }

  #hear(command: Json, link: ServerLink): Json | null {
    const id = Number(command["id"] ?? 0);
    const method = Object.keys(command).find((name) => name !== "id") ?? "pong";
    const params = (command[method] ?? {}) as Json;
    this.heard.push({ link, id, method, params });
    const answer = this.script(method, params, link) ?? this.#usual(method, params, link);
    return id === 0 || answer === "hang" ? null : { id, ...answer };
  }

  #usual(method: string, params: Json, link: ServerLink): Json {
    if (method === "connect") return { connect: { client: `session-${link.number}`, ...this.greeting } };
    if (method === "subscribe") {
      const position = { recoverable: true, positioned: true, epoch: "e1", offset: params["offset"] ?? 0 };
      const recovery = params["recover"] === true ? { was_recovering: true, recovered: true } : {};
      return { subscribe: { ...position, ...recovery } };
    }
    if (method === "rpc" && params["method"] === "tide.publish") {
      return { rpc: { data: { epoch: "e1", offset: this.heard.length, duplicate: false } } };
    }
    return { [method]: {} };
  }
}
