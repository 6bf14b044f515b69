// The server while you write: Vite makes the page from its sources, on the same port.
import { createServer } from "node:http";
import { createServer as createVite } from "vite";
import { listen } from "./tide.ts";

const server = createServer();
const vite = await createVite({
  appType: "spa",
  // Any other loader writes a file beside the configuration, which `node --watch` would take for a change.
  configLoader: "native",
  server: { middlewareMode: true, hmr: { server } },
});
server.on("request", vite.middlewares);
listen(server);

process.once("SIGTERM", () => {
  vite.close().catch(console.error);
});
