// A small TCP balancer: connections go to ready nodes in turn, and a node that is not ready gets no new ones.
import { connect, createServer, type Server, type Socket } from "node:net";

export interface Target {
  readonly name: string;
  /** Default: this machine's loopback. */
  readonly host?: string;
  port: number;
  isReady: boolean;
}

/** A node says that it drains before it ends; so often it is asked. */
const lookMs = 200;
const lookLimitMs = 1_000;
const connectLimitMs = 1_000;
const loopback = "127.0.0.1";
/** Of both sides together; more are refused by the system's own queue. */
const mostConnections = 10_000;

export class Balancer {
  readonly #targets: readonly Target[];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #looks: Promise<void>[];
  #isStopped = false;
  #turn = 0;

  constructor(targets: readonly Target[]) {
    this.#targets = targets;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#take(socket));
    this.#server.maxConnections = mostConnections;
    this.#looks = targets.map((target) => this.#look(target));
  }

  /** @returns the port, a free one for 0. @throws when it is taken. */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, loopback, resolve);
    });
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : port;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([closed, ...this.#looks]);
  }

  async #look(target: Target): Promise<void> {
    while (!this.#isStopped) {
      const answered = fetch(`http://${target.host ?? loopback}:${target.port}/health/ready`, {
        signal: AbortSignal.timeout(lookLimitMs),
        // Asked on a connection of its own: one that is kept would hold up a node that ends.
        headers: { connection: "close" },
      });
      target.isReady = target.port !== 0 && (await answered.then(({ ok }) => ok).catch(() => false));
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
  }

  #take(client: Socket): void {
    this.#keep(client);
    const first = this.#turn;
    this.#turn += 1;
    const order = this.#targets.map((_, index) => this.#targets[(first + index) % this.#targets.length]);
    this.#pass(
      client,
      order.filter((target) => target?.isReady === true).flatMap((target) => target ?? []),
    );
  }

  /** To the first of them that takes it; one that does not is not ready. */
  #pass(client: Socket, [target, ...others]: readonly Target[]): void {
    if (target === undefined || client.destroyed) return void client.destroy();
    const node = connect({ port: target.port, host: target.host ?? loopback, allowHalfOpen: true, noDelay: true });
    this.#keep(node);
    const refused = (): void => {
      target.isReady = false;
      node.destroy();
      this.#pass(client, others);
    };
    node.setTimeout(connectLimitMs, refused);
    node.once("error", refused);
    node.once("connect", () => {
      node.setTimeout(0);
      node.off("error", refused);
      client.pipe(node);
      node.pipe(client);
      client.once("close", () => node.destroy());
      node.once("close", () => client.destroy());
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    // What ends with an error is closed, and so is its other side.
    socket.on("error", () => undefined);
  }
}
