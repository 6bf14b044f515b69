// NATS for the tests, with JetStream.
import { debianServer } from "./debian-server.mjs";

export const nats = debianServer({
  name: "nats",
  variable: "TIDEWIRE_NATS",
  program: "nats-server",
  debian: "nats-server",
  folder: "usr/sbin",
});
