// The part of the npm package `websocket` that the tests use; it comes without types.
declare module "websocket" {
  import type { StandardSocket } from "./talk.ts";

  const websocket: { readonly w3cwebsocket: new (url: string, protocols?: string[]) => StandardSocket };
  export default websocket;
}
