// A client whose server is not there: it says so, and tries again.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient } from "@tidewire/client";

const server = createServer();
await once(server.listen(0, "127.0.0.1"), "listening");
const { port } = server.address() as AddressInfo;
await once(server.close(), "close");

const client = createClient({ url: `ws://127.0.0.1:${port}/connection/websocket` });
const attempts: number[] = [];
await new Promise<void>((resolve) => {
  client.onState((state) => {
    if (state.kind === "waiting") attempts.push(state.attempt);
    if (attempts.length === 2) resolve();
  });
  client.connect();
});
client.close();
console.log(attempts.join());
