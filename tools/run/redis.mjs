// Redis for the tests, and Valkey, where there is one.
import { debianServer } from "./debian-server.mjs";

export const redis = debianServer({
  name: "redis",
  variable: "TIDEWIRE_REDIS",
  program: "redis-server",
  debian: "redis-server",
});

export const valkey = debianServer({
  name: "valkey",
  variable: "TIDEWIRE_VALKEY",
  program: "valkey-server",
  debian: "valkey-server",
  hasBackports: true,
});
