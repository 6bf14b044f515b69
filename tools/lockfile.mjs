// Checks that every optional part a locked package names is locked too: npm drops a part that the registry lacks
// without a word, and the lockfile then works on one platform only.
import { readFileSync } from "node:fs";

/** @typedef {Record<string, { optionalDependencies?: Record<string, string> }>} Packages */

/** That of the workspace, and that of the docs site, which has packages of its own. */
const lockfiles = ["package-lock.json", "site/package-lock.json"];

/** The folders in which a package's dependency is looked for, nearest first. @param {string} location */
function places(location) {
  const parts = location.split("/node_modules/");
  const nested = parts.map((_, index) => parts.slice(0, parts.length - index).join("/node_modules/"));
  return [...nested.filter((folder) => folder !== "").map((folder) => `${folder}/node_modules`), "node_modules"];
}

/** @param {string} lockfile */
function holesIn(lockfile) {
  /** @type {Packages} */
  const packages = JSON.parse(readFileSync(new URL(`../${lockfile}`, import.meta.url), "utf8")).packages;
  return Object.entries(packages).flatMap(([location, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !places(location).some((place) => `${place}/${name}` in packages))
      .map(([name, range]) => `${location || "the root"} names ${name}@${range}, which is not in ${lockfile}`),
  );
}

const holes = lockfiles.flatMap(holesIn);
if (holes.length > 0) console.log(`${holes.join("\n")}\nPin a version whose parts can all be installed.`);
process.exitCode = holes.length > 0 ? 1 : 0;
