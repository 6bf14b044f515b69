// Prometheus for the tests of what operators are given: its server, with its `promtool` beside it.
import { symlinkSync } from "node:fs";
import path from "node:path";
import { debianServer } from "./debian-server.mjs";

export const prometheus = debianServer({
  name: "prometheus",
  variable: "TIDEWIRE_PROMETHEUS",
  program: "prometheus",
  debian: "prometheus",
  prepare: (at) => {
    symlinkSync(path.join("usr", "bin", "promtool"), path.join(at, "promtool"));
    return [];
  },
});
