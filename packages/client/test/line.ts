// A TCP server, a fault proxy before it and clients through it, for one test; all gone when the test has ended.
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { createFaultProxy, type FaultEvent, type FaultProxy, type FaultProxyOptions } from "../src/testing/index.ts";

/** One end of a TCP connection, and all that came to it. */
export class End {
  readonly socket: Socket;
  /** What came, read by read. */
  readonly chunks: Buffer[] = [];
  /** Whether the other side ended it in good order. */
  hasEnded = false;
  /** The code of the error that ended it, such as ECONNRESET. */
  failure = "";

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", (error) => {
      this.failure = "code" in error ? String(error.code) : error.message;
    });
    socket.on("end", () => {
      this.hasEnded = true;
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.bytes.toString("latin1");
  }

  /** Whether it could go on, as far as it knows. */
  get isUntouched(): boolean {
    return !this.hasEnded && this.failure === "" && !this.socket.destroyed;
  }

  read(): this {
    this.socket.on("data", (bytes: Buffer) => void this.chunks.push(bytes));
    this.socket.resume();
    return this;
  }
}

export interface Served {
  readonly port: number;
  /** The server's ends, in the order they came. They read by themselves unless told otherwise. */
  readonly ends: readonly End[];
}

export async function tcpServer(
  options: { readonly reads: "at once" | "never" } = { reads: "at once" },
): Promise<Served> {
  const ends: End[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
    const end = new End(socket);
    ends.push(options.reads === "at once" ? end.read() : end);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    for (const { socket } of ends) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, ends };
}

/** A connection to `port`; it reads, and may still be on its way. */
export function dial(port: number): End {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true });
  onTestFinished(() => void socket.destroy());
  return new End(socket).read();
}

export interface Line {
  readonly proxy: FaultProxy;
  readonly served: Served;
  /** Every event of the proxy. */
  readonly events: readonly FaultEvent[];
  /** A client through the proxy, and the server's end of it. */
  readonly open: () => Promise<{ readonly client: End; readonly server: End }>;
}

export async function line(
  options: Omit<FaultProxyOptions, "to"> & { readonly reads?: "at once" | "never" } = {},
): Promise<Line> {
  const { reads = "at once", ...rest } = options;
  const served = await tcpServer({ reads });
  const proxy = await createFaultProxy({ to: { host: "127.0.0.1", port: served.port }, ...rest });
  onTestFinished(() => proxy.close());
  const events: FaultEvent[] = [];
  proxy.watch((event) => void events.push(event));
  const open: Line["open"] = async () => {
    const before = served.ends.length;
    const client = dial(proxy.port);
    await until(() => served.ends.length > before && isOpen(proxy));
    const server = served.ends[before];
    if (server === undefined) throw new Error("the server has no such connection");
    return { client, server };
  };
  return { proxy, served, events, open };
}

function isOpen(proxy: FaultProxy): boolean {
  return proxy.connections().every(({ state }) => state !== "dialing");
}

/** Lets the sockets of this process run until `holds`; the time limit is the test's own. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

/** Long enough for everything that the sockets of this process have to say to each other. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 30; turns += 1) await turn();
}

export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
