// The server under test: its echo, with room for Autobahn's largest messages and most fragments.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createTidewire } from "@tidewire/server";
import type { Place } from "./run-case.ts";

export interface Echo extends Place {
  stop(): Promise<void>;
}

/** @param compression Whether it agrees to `permessage-deflate`, then for messages of any length. */
export async function serveEcho({ compression }: { readonly compression: boolean }): Promise<Echo> {
  const limits = { messageBytes: 16_777_216, fragments: 65_536 };
  const tide = createTidewire({ channels: [], limits, compression: compression ? { fromBytes: 1 } : false });
  const server = createServer();
  tide.attach(server);
  await tide.start();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const stop = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
    await tide.stop({ drainMs: 1 });
    server.closeAllConnections();
    await closed;
  };
  return { port: (server.address() as AddressInfo).port, path: "/echo", stop };
}
