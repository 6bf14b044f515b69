// HTTP as tests speak it: by `fetch`, and by hand on a bare socket.
import { dial, readUntil } from "./wire.ts";

export interface Asked {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

export async function ask(url: string, init: RequestInit = {}): Promise<Asked> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
  return { status: response.status, body: isJson && text !== "" ? JSON.parse(text) : text, headers: response.headers };
}

export const post = (
  url: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Asked> => ask(url, { method: "POST", body: body as BodyInit, headers });
export const errorOf = ({ status, body }: Asked): unknown => [status, (body as { error: { code: number } }).error.code];

/** What a server says to these bytes on a bare socket, until it ends the connection or `found` holds. */
export async function say(port: number, request: string | Buffer, found: (text: string) => boolean): Promise<string> {
  const socket = await dial(port);
  socket.write(request);
  const text = await readUntil(socket, found);
  socket.destroy();
  return text;
}

/** Until the server ends the connection. */
export const ended = (): boolean => false;
