// The part of the npm package `websocket` that the tests use; it comes without types.
declare module "websocket" {
  const websocket: { readonly w3cwebsocket: new (url: string, protocols?: string[]) => object };
  export default websocket;
}
