// A server for the tests: named by the user, on the path, or a private copy of Debian's.
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { spawnSync } from "node:child_process";
import { libraryPath, unpackDebian } from "./debian.mjs";
import { cacheFolder, findProgram, isProgram } from "./workspace.mjs";

/**
 * @typedef {object} DebianServer
 * @property {string} name
 * @property {string} variable
 * @property {string} program
 * @property {string} debian
 * @property {string} [folder] where the package puts it
 * @property {string} [version] what it is asked for its version with
 * @property {boolean} [hasBackports] whether older releases of Debian have it only there
 * @property {string} [installed] what is taken of an installed package, where the program on the path is only for its service
 * @property {(at: string) => readonly string[]} [prepare] makes what was unpacked run in its place; lines for its launcher
 */

/** @param {DebianServer} server @returns {import("./services.mjs").Service} */
export function debianServer(server) {
  const { name, variable, program, debian, folder: within = "usr/bin", version = "--version" } = server;
  const folder = () => {
    // Outside `node_modules` when the user has a cache, since an install empties that folder.
    const shared = process.env["XDG_CACHE_HOME"];
    return path.join(shared ? path.join(shared, "tidewire") : cacheFolder, `${name}-${process.arch}`);
  };
  const launcher = () => path.join(folder(), name);

  return {
    name,
    variable,
    command: `apt-get install -y --no-install-recommends ${debian}`,
    find() {
      const named = process.env[variable];
      if (named) {
        if (isProgram(named)) return { path: named, how: variable };
        throw new Error(`${variable} names ${named}, which cannot be run`);
      }
      const { installed } = server;
      if (installed && isProgram(installed)) return { path: installed, how: "installed" };
      const onPath = findProgram(program);
      if (onPath) return { path: onPath, how: "on the path" };
      return existsSync(launcher()) ? { path: launcher(), how: "private copy fetched before" } : null;
    },
    async fetch() {
      const at = folder();
      const count = await unpackDebian([debian], at, { hasBackports: server.hasBackports ?? false });
      const lines = [
        "#!/bin/sh",
        `export LD_LIBRARY_PATH="${libraryPath(at)}"`,
        ...(server.prepare?.(at) ?? []),
        `exec "${at}/${within}/${program}" "$@"`,
      ];
      writeFileSync(launcher(), `${lines.join("\n")}\n`);
      chmodSync(launcher(), 0o755);
      const { status, stderr } = spawnSync(launcher(), [version], { timeout: 20_000, encoding: "utf8" });
      if (status !== 0) throw new Error(`the unpacked ${program} does not run: ${stderr.trim()}`);
      return { path: launcher(), how: `private copy of Debian's, ${count} packages` };
    },
  };
}
