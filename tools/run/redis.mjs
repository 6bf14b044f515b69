// Redis for the tests; Valkey too, where there is one.
import { debianProgram } from "./debian-program.mjs";

export const redis = debianProgram({
  name: "redis",
  variable: "TIDEWIRE_REDIS",
  program: "redis-server",
  debian: "redis-server",
  folder: "usr/bin",
  version: "--version",
});

export const valkey = debianProgram({
  name: "valkey",
  variable: "TIDEWIRE_VALKEY",
  program: "valkey-server",
  debian: "valkey-server",
  folder: "usr/bin",
  version: "--version",
});
