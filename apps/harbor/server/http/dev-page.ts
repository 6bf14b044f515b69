// The page in development: Vite as middleware, with its hot reload on the same server.
import type { IncomingMessage, Server, ServerResponse } from "node:http";

export interface DevPage {
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
  readonly close: () => Promise<void>;
}

/** @param server Gets the socket of Vite's hot reload too; Tidewire leaves upgrades that are not its own alone. */
export async function startDevPage(configFile: string, server: Server): Promise<DevPage> {
  // Vite is loaded here alone: what serves a built page does not need it.
  const { createServer } = await import("vite");
  const vite = await createServer({
    configFile,
    // A path of its own: an upgrade at "/" opens the lobby.
    server: { middlewareMode: true, hmr: { server, path: "/@hot" } },
    appType: "spa",
    clearScreen: false,
  });
  return {
    answer: (request, response) => vite.middlewares(request, response),
    close: () => vite.close(),
  };
}
