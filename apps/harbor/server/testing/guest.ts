// A guest of a Harbor under test: comes in over HTTP, and connects with the cookie that a browser would send.
import { type Client, createClient, type Transport } from "@tidewire/client";
import { WebSocket } from "ws";

export interface TestGuest {
  readonly id: string;
  /** What a browser sends with each request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Another connection of this guest, at `path`; it is not closed by itself. */
  connect(path?: string): Client;
}

export async function guestAt(port: number, name: string): Promise<TestGuest> {
  const origin = `http://127.0.0.1:${port}`;
  const response = await fetch(`${origin}/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  const { person } = (await response.json()) as { person: { id: string } };
  const cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  return {
    id: person.id,
    headers: { cookie, origin },
    connect: (path) => connectAs({ port, cookie, path }),
  };
}

/** Connects as whoever has the cookie. */
export function connectAs({ port, cookie, path = "/connection/websocket" }: Door): Client {
  const headers = { cookie, origin: `http://127.0.0.1:${port}` };
  const client = createClient({ url: `ws://127.0.0.1:${port}${path}`, transport: withHeaders(headers) });
  client.connect();
  return client;
}

interface Door {
  readonly port: number;
  readonly cookie: string;
  readonly path?: string | undefined;
}

/** The ends of all sockets there were. */
const ends = new Set<Promise<void>>();

/** Resolves when the server has let go of every guest whose client was closed. */
export async function everyoneGone(): Promise<void> {
  await Promise.all(ends);
}

function withHeaders(headers: Readonly<Record<string, string>>): Transport {
  return {
    open(url, events) {
      const socket = new WebSocket(url, { headers });
      ends.add(new Promise<void>((resolve) => void socket.once("close", () => resolve())));
      let isLeft = false;
      const unlessLeft = (act: () => void): void => (isLeft ? undefined : act());
      socket.on("open", () => unlessLeft(() => events.opened()));
      socket.on("message", (data: Buffer) => unlessLeft(() => events.received(data.toString())));
      socket.on("close", (code, reason) => unlessLeft(() => events.closed(code, String(reason))));
      socket.on("error", () => undefined);
      return {
        send: (text) => socket.send(text),
        close: (code, reason) => {
          isLeft = true;
          socket.close(code, reason);
        },
      };
    },
  };
}
