// The listening side of a proxy: it can be shut, so that clients are refused, and opened again at the same port.
import { createServer, type Server, type Socket } from "node:net";

export interface DoorOptions {
  readonly host: string;
  /** 0: a free one, which is then kept. */
  readonly port: number;
  readonly entered: (socket: Socket) => void;
  readonly failed: (error: Error) => void;
}

export class Door {
  readonly #options: DoorOptions;
  #port: number;
  #opening: { readonly server: Server; readonly isOpen: Promise<void> } | null = null;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  /** The port it listens at, or last did. */
  get port(): number {
    return this.#port;
  }

  /** Resolves when clients can connect. @throws {Error} when the port was taken meanwhile. */
  async open(): Promise<void> {
    this.#opening ??= this.#listen();
    const { server, isOpen } = this.#opening;
    try {
      await isOpen;
    } catch (thrown) {
      if (this.#opening?.server === server) this.#opening = null;
      throw thrown;
    }
  }

  /** Who connects from now on gets ECONNREFUSED; connections that were accepted stay. */
  shut(): void {
    this.#opening?.server.close();
    this.#opening = null;
  }

  #listen(): { readonly server: Server; readonly isOpen: Promise<void> } {
    const { host, entered, failed } = this.#options;
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, entered);
    const isOpen = new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      // Shut before it was open: whoever waits for it was overtaken by that.
      server.once("close", resolve);
      server.listen({ host, port: this.#port }, () => {
        server.off("error", reject);
        server.on("error", failed);
        // It may have been shut while the name was looked up.
        if (this.#opening?.server !== server) server.close();
        const address = server.address();
        if (typeof address === "object" && address !== null) this.#port = address.port;
        resolve();
      });
    });
    return { server, isOpen };
  }
}
