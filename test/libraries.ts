// WebSocket clients of three origins, behind the interface that all of them have.
import websocket from "websocket";
import { bareSocket, type StandardSocket, Talk } from "./talk.ts";

const open = {
  ws: (url: string) => bareSocket(url),
  "Node's own WebSocket": (url: string) => new WebSocket(url) as unknown as StandardSocket,
  "the package websocket": (url: string) => new websocket.w3cwebsocket(url) as StandardSocket,
} as const;

export type Library = keyof typeof open;
export const libraries = Object.keys(open) as Library[];

/** An open connection made by `library`. */
export async function talkBy(library: Library, url: string): Promise<Talk> {
  const begun = new Talk(open[library](url));
  await begun.opened;
  return begun;
}
