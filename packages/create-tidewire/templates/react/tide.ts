// Tidewire on an HTTP server, whatever else that server answers.
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createTidewire } from "@tidewire/server";
import { chat } from "./src/channels.ts";

/** Attaches Tidewire, listens, says where, and ends both on SIGTERM. */
export function listen(server: Server): void {
  const tide = createTidewire({ channels: [chat] });
  tide.attach(server);

  server.listen(Number(process.env["PORT"] ?? 3000), "localhost", () => {
    console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
  });

  process.once("SIGTERM", () => {
    server.close();
    // Sends the pages away within a second, one after the other. A crowd wants longer, by default half a minute.
    tide.stop({ drainMs: 1_000 }).catch(console.error);
  });
}
