// The door "@tidewire/client/binary": the protocol as Protobuf, in which publications may be bytes.
export { binaryTransport } from "./transports/binary-websocket.ts";
