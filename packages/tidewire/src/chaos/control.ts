// The control of a fault proxy over HTTP, for scripts and tests in any language; on this machine alone.
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { CutHow, FaultProxy, FaultScope } from "@tidewire/client/testing";
import { parseFaults } from "@tidewire/client/testing";
import { limitedServer } from "../host/http-server.ts";
import { EventStream } from "./event-stream.ts";

const maxBodyBytes = 16_384;

export interface Control {
  readonly port: number;
  /** Ends event streams too. */
  close(): Promise<void>;
}

interface Call {
  readonly proxy: FaultProxy;
  readonly scope: FaultScope;
  /** The body as JSON, `undefined` when there is none. */
  readonly body: unknown;
}

type Answer = (call: Call) => unknown;

class Refusal extends Error {
  override readonly name: string = "Refusal";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

const routes: ReadonlyMap<string, Readonly<Partial<Record<string, Answer>>>> = new Map([
  ["/faults", { GET: ({ proxy }: Call) => faultsOf(proxy), PUT: putFaults }],
  ["/cut", { POST: ({ proxy, scope, body }: Call) => ({ cut: proxy.cut(howOf(body), scope) }) }],
  ["/connections", { GET: ({ proxy }: Call) => proxy.connections() }],
  ["/events", { GET: () => undefined }],
]);

/** @param port 0: a free one. @throws when it is taken. */
export async function startControl(proxy: FaultProxy, port: number): Promise<Control> {
  const events = new EventStream(proxy);
  const server = limitedServer();
  server.on("request", (request, response) => void answer({ proxy, events }, { request, response }));
  server.listen({ host: "127.0.0.1", port });
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: async () => {
      events.close();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Never rejects: whatever goes wrong becomes the answer. */
async function answer(
  { proxy, events }: { readonly proxy: FaultProxy; readonly events: EventStream },
  { request, response }: Exchange,
): Promise<void> {
  try {
    const { pathname, searchParams } = addressOf(request);
    const find = routeOf(pathname, request.method ?? "GET");
    const scope = scopeOf(searchParams);
    if (pathname === "/events") {
      if (!events.open(response)) throw new Refusal(503, "too many event streams are open");
      return;
    }
    const result = await find({ proxy, scope, body: await bodyOf(request) });
    write(response, { status: 200, value: result });
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    const headers = thrown instanceof Refusal ? thrown.headers : {};
    write(response, { status: statusOf(thrown), value: { error: message }, headers });
  }
}

/** A page of some site must not reach this, neither by a form (Origin) nor by a name that leads here (Host). */
function addressOf(request: IncomingMessage): URL {
  const { host = "", origin } = request.headers;
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(host)) {
    throw new Refusal(403, `Host: expected this machine, got ${JSON.stringify(host)}`);
  }
  if (origin !== undefined) throw new Refusal(403, `Origin: expected none, got ${JSON.stringify(origin)}`);
  const url = URL.parse(request.url ?? "/", "http://localhost");
  if (url === null) throw new Refusal(400, "the request's target is no path");
  return url;
}

function routeOf(pathname: string, method: string): Answer {
  const methods = routes.get(pathname);
  if (methods === undefined) {
    throw new Refusal(404, `expected one of ${[...routes.keys()].join(", ")}, got ${JSON.stringify(pathname)}`);
  }
  const found = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (found !== undefined) return found;
  const allow = Object.keys(methods).join(", ");
  throw new Refusal(405, `${pathname}: expected ${allow}, got ${method}`, { allow });
}

function scopeOf(query: URLSearchParams): FaultScope {
  const scope: { connection?: number | "all" | "new"; direction?: "up" | "down" } = {};
  for (const [name, value] of query) {
    if (name === "connection") scope.connection = connectionOf(value);
    else if (name === "direction" && (value === "up" || value === "down")) scope.direction = value;
    else if (name === "direction")
      throw new Refusal(400, `direction: expected up or down, got ${JSON.stringify(value)}`);
    else throw new Refusal(400, `query: expected connection and direction, got ${JSON.stringify(name)}`);
  }
  return scope;
}

function connectionOf(text: string): number | "all" | "new" {
  if (text === "all" || text === "new") return text;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Refusal(400, `connection: expected all, new or an id, got ${JSON.stringify(text)}`);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop would otherwise destroy the socket, and the refusal with it.
  const body: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new Refusal(413, `body: expected at most ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  if (bytes === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (thrown) {
    throw new Refusal(400, `body: expected JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

async function putFaults({ proxy, scope, body }: Call): Promise<unknown> {
  await proxy.set(parseFaults(body), scope);
  return faultsOf(proxy);
}

function faultsOf(proxy: FaultProxy): unknown {
  return {
    new: proxy.faults,
    connections: Object.fromEntries(proxy.connections().map(({ id, faults }) => [id, faults])),
  };
}

/** `cut` itself checks the value. */
function howOf(body: unknown): CutHow {
  if (body === undefined) return "reset";
  const how: unknown = typeof body === "object" && body !== null && "how" in body ? body.how : body;
  return how as CutHow;
}

function statusOf(thrown: unknown): number {
  if (thrown instanceof Refusal) return thrown.status;
  return thrown instanceof TypeError || thrown instanceof RangeError ? 400 : 500;
}

function write(
  response: ServerResponse,
  { status, value, headers = {} }: { status: number; value: unknown; headers?: Readonly<Record<string, string>> },
): void {
  // After a body that is too long the rest of the request is not read.
  const connection = status === 413 ? { connection: "close" } : {};
  response
    .writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers, ...connection })
    .end(`${JSON.stringify(value)}\n`);
}
