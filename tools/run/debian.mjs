// Debian packages without installing them: fetched by an apt of our own and unpacked into a folder of ours.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { capture } from "./children.mjs";

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} [cwd]
 */
async function mustRun(command, args, cwd) {
  const result = await capture(command, args, { ...(cwd ? { cwd } : {}), env: { ...process.env, LC_ALL: "C" } });
  if (result.code === 0) return result.output;
  throw new Error(`${command} ${args[0]} ended with ${result.code ?? result.signal}: ${result.output.trim()}`);
}

/**
 * apt-get with its own lists, archives and lock. It still reads the machine's sources and what is installed there,
 * so that only what is missing is fetched.
 * @param {string} folder
 * @param {boolean} hasBackports
 */
function ownApt(folder, hasBackports) {
  const state = path.join(folder, "state");
  const cache = path.join(folder, "cache");
  mkdirSync(path.join(state, "lists", "partial"), { recursive: true });
  mkdirSync(path.join(cache, "archives", "partial"), { recursive: true });
  const settings = [
    `Dir::State=${state}`,
    "Dir::State::status=/var/lib/dpkg/status",
    `Dir::Cache=${cache}`,
    "Debug::NoLocking=1",
    "APT::Sandbox::User=",
    ...(hasBackports ? [`Dir::Etc::sourcelist=${withBackports(folder)}`] : []),
  ];
  return settings.flatMap((setting) => ["-o", setting]);
}

/**
 * The machine's list of sources, and what Debian has brought back to this release; of what is in both, apt prefers the
 * release's own.
 * @param {string} folder
 */
function withBackports(folder) {
  const [, release] = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync("/etc/os-release", "utf8")) ?? [];
  if (release === undefined) throw new Error("a Debian with a VERSION_CODENAME in /etc/os-release was expected");
  const own = existsSync("/etc/apt/sources.list") ? readFileSync("/etc/apt/sources.list", "utf8") : "";
  const key = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]";
  const list = path.join(folder, "sources.list");
  writeFileSync(list, `${own}\ndeb ${key} http://deb.debian.org/debian ${release}-backports main\n`);
  return list;
}

/**
 * Unpacks packages and what they need into `folder`. The machine stays as it is; root is not needed.
 * @param {readonly string[]} names of Debian packages
 * @param {string} folder is emptied first
 * @param {{ hasBackports?: boolean }} [options] whether packages may be of the release's backports
 * @returns {Promise<number>} how many packages were unpacked
 */
export async function unpackDebian(names, folder, { hasBackports = false } = {}) {
  rmSync(folder, { recursive: true, force: true });
  const apt = ownApt(path.join(folder, "apt"), hasBackports);
  const archives = path.join(folder, "archives");
  mkdirSync(archives, { recursive: true });
  await mustRun("apt-get", [...apt, "-qq", "update"]);
  const planArgs = ["-qq", "install", "--print-uris", "--yes", "--no-install-recommends", ...names];
  const plan = await mustRun("apt-get", [...apt, ...planArgs]);
  // A line reads: 'address' name_version_arch.deb size hash. Versions in file names have their colons escaped.
  const files = [...plan.matchAll(/^'[^']+' (\S+)\.deb \d+/gm)].map((line) => decodeURIComponent(line[1] ?? ""));
  if (files.length === 0) throw new Error(`apt-get has nothing to fetch for ${names.join(", ")}`);
  const wanted = files.map((file) => {
    const [name, version, arch] = file.split("_");
    return arch === "all" ? `${name}=${version}` : `${name}:${arch}=${version}`;
  });
  await mustRun("apt-get", [...apt, "-qq", "download", ...wanted], archives);
  for (const file of readdirSync(archives)) await mustRun("dpkg", ["-x", path.join(archives, file), folder]);
  rmSync(archives, { recursive: true });
  rmSync(path.join(folder, "apt"), { recursive: true });
  return files.length;
}

/**
 * Every folder with libraries among the unpacked packages, as LD_LIBRARY_PATH wants them. Some packages name a folder
 * of their own by its full path, so that the top folder alone is not enough.
 * @param {string} folder
 */
export function libraryPath(folder) {
  const top = path.join(folder, "usr", "lib");
  // A program of Go brings none.
  if (!existsSync(top)) return "";
  const entries = readdirSync(top, { recursive: true, withFileTypes: true });
  const libraries = entries.filter((entry) => /\.so(\.|$)/.test(entry.name));
  return [...new Set(libraries.map((entry) => entry.parentPath))].sort().join(path.delimiter);
}
