// libfaketime for the torture, which sets clocks with it: named by the user, the machine's own, or a private copy of Debian's.
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { unpackDebian } from "./debian.mjs";
import { cacheFolder } from "./workspace.mjs";

const library = "libfaketimeMT.so.1";

/** @param {string} folder below which it may be, two folders down */
function within(folder) {
  if (!existsSync(folder)) return null;
  const found = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => path.join(folder, name, "faketime", library))
    .find((file) => existsSync(file));
  return found ?? null;
}

const folder = () => path.join(cacheFolder, `faketime-${process.arch}`);

export const faketime = {
  /** @returns {{ path: string } | null} */
  find() {
    const named = process.env["TIDEWIRE_FAKETIME"];
    if (named && !existsSync(named)) throw new Error(`TIDEWIRE_FAKETIME names ${named}, which is not there`);
    const found = named ?? within("/usr/lib") ?? within(path.join(folder(), "usr", "lib"));
    return found ? { path: found } : null;
  },
  /** @returns {Promise<{ path: string }>} */
  async fetch() {
    await unpackDebian(["libfaketime"], folder());
    const found = within(path.join(folder(), "usr", "lib"));
    if (found === null) throw new Error(`Debian's libfaketime has no ${library}`);
    return { path: found };
  },
};
