// Where things are in this checkout, and which Node runs them.
import { spawnSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the checkout. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

const binFolder = path.join(root, "node_modules", ".bin");
const lineSeparator = path.delimiter;

/** Files that may be thrown away; an install empties it. */
export const cacheFolder = path.join(root, "node_modules", ".cache", "tidewire");

/** @param {string} name a path below the root, with forward slashes */
export const at = (name) => path.join(root, ...name.split("/"));

const searchPath = () => (process.env["PATH"] ?? "").split(lineSeparator).filter(Boolean);

/** The environment for tools: what the workspace installed comes first. */
export function toolEnvironment() {
  const rest = searchPath().filter((folder) => path.resolve(folder) !== binFolder);
  return { ...process.env, PATH: [binFolder, ...rest].join(lineSeparator) };
}

/** The environment for npm itself: the user's own Node, not the one that an install is about to replace. */
export function userEnvironment() {
  const rest = searchPath().filter((folder) => !folder.includes(path.join("node_modules", ".bin")));
  return { ...process.env, PATH: rest.join(lineSeparator) };
}

/** @param {string} file @returns {boolean} */
export function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** @param {string} name @returns {string | null} the program on the user's path */
export function findProgram(name) {
  const found = searchPath().map((folder) => path.join(folder, name));
  return found.find(isProgram) ?? null;
}

/** As the packages' `engines` say (decision 0071). @param {string} version as in `v24.21.0` */
function isNewEnough(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  return major > 24 || (major === 24 && minor >= 9) || (major === 22 && minor >= 21);
}

/** @type {string | null} */
let chosenNode = null;

/**
 * The Node that runs the project: the one the workspace installed, else the user's own when it is new enough.
 * @returns {string}
 */
export function projectNode() {
  chosenNode ??= chooseNode();
  return chosenNode;
}

function chooseNode() {
  const installed = path.join(binFolder, process.platform === "win32" ? "node.cmd" : "node");
  for (const candidate of [installed, process.execPath]) {
    const answer = spawnSync(candidate, ["--version"], { encoding: "utf8", shell: candidate.endsWith(".cmd") });
    if (answer.status === 0 && isNewEnough(answer.stdout.trim())) return candidate;
  }
  throw new Error(
    `Tidewire needs Node 22.21, or 24.9 and newer. This is ${process.version}, ` +
      `and no Node for ${process.platform}-${process.arch} came with the packages. Install Node 24 and try again.`,
  );
}
