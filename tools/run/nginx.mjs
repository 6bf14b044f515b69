// nginx for the tests of what stands before several nodes.
import { debianServer } from "./debian-server.mjs";

export const nginx = debianServer({
  name: "nginx",
  variable: "TIDEWIRE_NGINX",
  program: "nginx",
  debian: "nginx",
  folder: "usr/sbin",
  version: "-v",
});
