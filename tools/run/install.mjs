// Installs what the lockfile names, when it has changed since the last time.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { capture, endSignal } from "./children.mjs";
import { folderSize, sizeOf, step } from "./progress.mjs";
import { at, userEnvironment } from "./workspace.mjs";

const stampFile = at("node_modules/.installed");
const installArgs = ["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];

/**
 * @typedef {{ version?: string, integrity?: string, link?: boolean, optional?: boolean, devOptional?: boolean }} Locked
 */

/** @param {string} file @returns {Record<string, Locked>} */
const packagesIn = (file) => JSON.parse(readFileSync(file, "utf8")).packages;

/** What an install depends on: the lockfile, and the platform whose parts it picks. */
export function lockDigest() {
  const hash = createHash("sha256").update(readFileSync(at("package-lock.json")));
  return hash.update(`${process.platform} ${process.arch}`).digest("hex");
}

/** True after a plain `npm install` by hand: then `npm ci` would only take everything away and put it back. */
function matchesLockfile() {
  const recordFile = at("node_modules/.package-lock.json");
  if (!existsSync(recordFile)) return false;
  const wanted = packagesIn(at("package-lock.json"));
  const present = packagesIn(recordFile);
  const names = Object.keys(wanted).filter((name) => name !== "");
  const isThere = (/** @type {string} */ name) => {
    const [want, have] = [wanted[name], present[name]];
    if (!have) return Boolean(want?.optional || want?.devOptional);
    return want?.version === have.version && want?.integrity === have.integrity && existsSync(at(name));
  };
  return names.every(isThere) && Object.keys(present).every((name) => name in wanted);
}

async function install() {
  const npm = await capture("npm", installArgs, { env: userEnvironment(), shell: process.platform === "win32" });
  if (npm.code !== 0) {
    if (endSignal()) throw new Error("stopped while installing packages");
    throw new Error(`npm ${installArgs.join(" ")} ended with ${npm.code ?? npm.signal}:\n${npm.output}`);
  }
  const count = Object.keys(packagesIn(at("node_modules/.package-lock.json"))).length;
  return `${count} packages, ${sizeOf(await folderSize(at("node_modules")))}`;
}

/** Makes `node_modules` what the lockfile says. The stamp is written last, so that a broken install is repeated. */
export async function ensureInstalled() {
  const digest = lockDigest();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === digest) return;
  if (!matchesLockfile()) {
    rmSync(stampFile, { force: true });
    await step("installing packages", install);
  }
  mkdirSync(at("node_modules"), { recursive: true });
  writeFileSync(stampFile, digest);
}
