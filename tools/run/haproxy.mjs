// HAProxy for the tests of what stands before several nodes.
import { debianServer } from "./debian-server.mjs";

export const haproxy = debianServer({
  name: "haproxy",
  variable: "TIDEWIRE_HAPROXY",
  program: "haproxy",
  debian: "haproxy",
  folder: "usr/sbin",
  version: "-v",
});
