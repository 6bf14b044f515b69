// Chromium for the tests: named by the user, on the path, or a private copy of Debian's.
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { spawnSync } from "node:child_process";
import { libraryPath, unpackDebian } from "./debian.mjs";
import { cacheFolder, findProgram, isProgram } from "./workspace.mjs";

const names = ["chromium", "chromium-browser", "google-chrome"];

/** Outside `node_modules` when the user has a cache, since an install empties that folder. */
const folder = () => {
  const shared = process.env["XDG_CACHE_HOME"];
  const base = shared ? path.join(shared, "tidewire") : cacheFolder;
  return path.join(base, `chromium-${process.arch}`);
};

const launcher = () => path.join(folder(), "chromium");

/** @param {string} file */
function mustAnswer(file) {
  const { status, stderr } = spawnSync(file, ["--version"], { timeout: 20_000, encoding: "utf8" });
  if (status !== 0) throw new Error(`the unpacked Chromium does not run: ${stderr.trim()}`);
}

/** Fonts and libraries are looked for in the unpacked folder first, then on the machine. */
function writeLauncher() {
  const at = folder();
  const fonts = [`<dir>${at}/usr/share/fonts</dir>`, "<dir>/usr/share/fonts</dir>"];
  const fontCache = `<cachedir>${at}/font-cache</cachedir>`;
  mkdirSync(path.join(at, "font-cache"), { recursive: true });
  writeFileSync(
    path.join(at, "fonts.conf"),
    `<?xml version="1.0"?>\n<fontconfig>${fonts.join("")}${fontCache}</fontconfig>\n`,
  );
  const lines = [
    "#!/bin/sh",
    `export LD_LIBRARY_PATH="${libraryPath(at)}"`,
    `export FONTCONFIG_FILE="${at}/fonts.conf"`,
    `exec "${at}/usr/lib/chromium/chromium" "$@"`,
  ];
  writeFileSync(launcher(), `${lines.join("\n")}\n`);
  chmodSync(launcher(), 0o755);
}

async function fetchChromium() {
  const count = await unpackDebian(["chromium"], folder());
  writeLauncher();
  mustAnswer(launcher());
  return { path: launcher(), how: `private copy of Debian's, ${count} packages` };
}

/** @type {import("./services.mjs").Service} */
export const chromium = {
  name: "chromium",
  variable: "TIDEWIRE_CHROMIUM",
  command: "apt-get install -y --no-install-recommends chromium",
  find() {
    const named = process.env["TIDEWIRE_CHROMIUM"];
    if (named) {
      if (isProgram(named)) return { path: named, how: "TIDEWIRE_CHROMIUM" };
      throw new Error(`TIDEWIRE_CHROMIUM names ${named}, which cannot be run`);
    }
    const onPath = names.map(findProgram).find((file) => file !== null);
    if (onPath) return { path: onPath, how: "on the path" };
    return existsSync(launcher()) ? { path: launcher(), how: "private copy fetched before" } : null;
  },
  fetch: fetchChromium,
};
