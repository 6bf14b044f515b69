// NATS for the tests, with JetStream: built from its own module where there is a Go, since Debian 12 has one that is too old for a cluster.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { capture } from "./children.mjs";
import { debianServer } from "./debian-server.mjs";
import { cacheFolder, findProgram } from "./workspace.mjs";

const module = "github.com/nats-io/nats-server/v2@v2.12.1";

const debian = debianServer({
  name: "nats",
  variable: "TIDEWIRE_NATS",
  program: "nats-server",
  debian: "nats-server",
  folder: "usr/sbin",
});

/** @returns {Promise<import("./services.mjs").Found | null>} */
async function built() {
  if (findProgram("go") === null) return null;
  const shared = process.env["XDG_CACHE_HOME"];
  const folder = path.join(shared ? path.join(shared, "tidewire") : cacheFolder, `nats-${process.arch}`);
  mkdirSync(folder, { recursive: true });
  // A Go that is too old for it is not replaced.
  const env = { ...process.env, GOBIN: folder, GOTOOLCHAIN: "local" };
  const { code } = await capture("go", ["install", module], { env });
  if (code !== 0) return null;
  const launcher = path.join(folder, "nats");
  writeFileSync(launcher, `#!/bin/sh\nexec "${path.join(folder, "nats-server")}" "$@"\n`);
  chmodSync(launcher, 0o755);
  return { path: launcher, how: `private copy, built from ${module}` };
}

/** @type {import("./services.mjs").Service} */
export const nats = { ...debian, fetch: async () => (await built()) ?? (await debian.fetch()) };
