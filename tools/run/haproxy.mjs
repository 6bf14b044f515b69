// HAProxy for the tests of what stands before several nodes.
import { debianProgram } from "./debian-program.mjs";

export const haproxy = debianProgram({
  name: "haproxy",
  variable: "TIDEWIRE_HAPROXY",
  program: "haproxy",
  debian: "haproxy",
  folder: "usr/sbin",
  version: "-v",
});
