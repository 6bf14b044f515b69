// The oldest Node that the packages say they run on, for the tests: named by the user, or a private copy, as npm has it.
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { capture } from "./children.mjs";
import { at, cacheFolder, isProgram, userEnvironment } from "./workspace.mjs";

const variable = "TIDEWIRE_OLDEST_NODE";

/** As in `22.21.0`. */
function version() {
  /** @type {{ engines: { node: string } }} */
  const { engines } = JSON.parse(readFileSync(at("packages/server/package.json"), "utf8"));
  const [oldest = ""] = /\d+\.\d+/.exec(engines.node) ?? [];
  return `${oldest}.0`;
}

const name = `node-${process.platform}-${process.arch}`;
const folder = () => path.join(cacheFolder, `node-${version()}`);
const program = () => path.join(folder(), "node_modules", name, "bin", "node");
const args = () => ["install", "--no-save", "--ignore-scripts", "--prefix", folder(), `${name}@${version()}`];

/** @type {import("./services.mjs").Service} */
export const oldestNode = {
  name: "oldest-node",
  variable,
  command: `npm ${args().join(" ")}`,
  find() {
    const named = process.env[variable];
    if (named) {
      if (isProgram(named)) return { path: named, how: variable };
      throw new Error(`${variable} names ${named}, which cannot be run`);
    }
    return isProgram(program()) ? { path: program(), how: "private copy fetched before" } : null;
  },
  async fetch() {
    mkdirSync(folder(), { recursive: true });
    const { code, output } = await capture("npm", args(), { env: userEnvironment() });
    if (code !== 0) throw new Error(`npm does not install ${name}@${version()}: ${output.trim().slice(-500)}`);
    return { path: program(), how: `private copy of Node ${version()}, by npm` };
  },
};
