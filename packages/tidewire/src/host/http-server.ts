// An HTTP server with limits on how long and how large the beginning of a request may be.
import { createServer, type Server } from "node:http";

/** A client that sends its header byte by byte is cut after 10 s, a header above 8 KiB is refused. */
export function limitedServer(): Server {
  return createServer({
    maxHeaderSize: 8_192,
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    // How often Node looks whether a time is up; its own default of 30 s would make 10 s into 40.
    connectionsCheckingInterval: 1_000,
  });
}
