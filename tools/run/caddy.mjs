// Caddy for the tests of what stands before several nodes.
import { debianServer } from "./debian-server.mjs";

export const caddy = debianServer({
  name: "caddy",
  variable: "TIDEWIRE_CADDY",
  program: "caddy",
  debian: "caddy",
  version: "version",
});
