// What the scripts of package.json run. Node's built-ins only: it must start on a Node that is too old for the project, before
// anything is installed.
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { ended, endSignal, exitCodeOf, start, watchOver } from "./run/children.mjs";
import { ensureInstalled } from "./run/install.mjs";
import { ensurePage } from "./run/page.mjs";
import { supervise } from "./run/serve.mjs";
import { testAll } from "./run/tests.mjs";
import { at, projectNode, toolEnvironment } from "./run/workspace.mjs";

const fromSource = "--conditions=@tidewire/source";

// Types are stripped by WebAssembly, and where one thread after another does so V8 now and then ends the process
// ("jit_page.has_value()", nodejs/node#64500). What is in the cache is stripped already, and starts sooner.
process.env["NODE_COMPILE_CACHE"] ??= at("node_modules/.cache/node");

/** What the environment sets already wins over the file. */
const settings = () => (existsSync(at(".env")) ? [`--env-file=${at(".env")}`] : []);

/** Runs one of Harbor's programs. @param {string} name @param {readonly string[]} args */
async function serveHarbor(name, args) {
  const main = at(`apps/harbor/${name}/main.ts`);
  const withParent = `--import=${pathToFileURL(at("tools/run/with-parent.mjs")).href}`;
  return await supervise(projectNode(), [fromSource, withParent, ...settings(), main, ...args]);
}

/** @param {string} main @param {readonly string[]} args @param {readonly string[]} options Node's own. */
async function runProgram(main, args, options = []) {
  // Ctrl-C comes to it from the terminal as well; it shares our standard input, since commands may read it.
  const child = start(projectNode(), [fromSource, ...options, at(main), ...args], {
    env: toolEnvironment(),
  });
  const { code, signal } = await ended(child);
  return code ?? exitCodeOf(signal ?? "SIGTERM");
}

/** @type {Record<string, (args: readonly string[]) => Promise<number>>} */
const commands = {
  async start(args) {
    await ensureInstalled();
    await ensurePage();
    return await serveHarbor("server", args);
  },
  async dev(args) {
    await ensureInstalled();
    return await serveHarbor("server", ["--dev", ...args]);
  },
  async worker(args) {
    await ensureInstalled();
    return await serveHarbor("worker", args);
  },
  async recount(args) {
    await ensureInstalled();
    return await runProgram("apps/harbor/worker/recount.ts", args, settings());
  },
  test: (args) => testAll(args, { stopEarly: false }),
  check: (args) => testAll(args, { stopEarly: true }),
  async tidewire(args) {
    await ensureInstalled();
    return await runProgram("packages/tidewire/src/main.ts", args);
  },
  async example(args) {
    await ensureInstalled();
    const folder = args[0] === "payments" ? "payments" : "use-cases";
    return await runProgram(`examples/${folder}/start.ts`, args);
  },
  async bench(args) {
    await ensureInstalled();
    const [scenario, ...rest] = args;
    if (scenario === "jobs") return await runProgram("bench/jobs/main.ts", rest);
    return await runProgram("bench/main.ts", args);
  },
  async torture(args) {
    await ensureInstalled();
    return await runProgram("bench/torture/main.ts", args);
  },
  async "torture:jobs"(args) {
    await ensureInstalled();
    return await runProgram("bench/torture-jobs/main.ts", args);
  },
  async cluster(args) {
    await ensureInstalled();
    await ensurePage();
    return await runProgram("tools/cluster/main.ts", args);
  },
  async soak(args) {
    await ensureInstalled();
    return await runProgram("bench/soak/main.ts", args);
  },
  async churn(args) {
    await ensureInstalled();
    return await runProgram("bench/churn/main.ts", args);
  },
  async conformance(args) {
    await ensureInstalled();
    return await runProgram("tools/conformance/main.ts", args);
  },
  async rfc6455(args) {
    await ensureInstalled();
    return await runProgram("test/rfc6455/main.ts", args);
  },
  async fuzz(args) {
    await ensureInstalled();
    return await runProgram("fuzz/main.ts", args);
  },
  async hostile(args) {
    await ensureInstalled();
    return await runProgram("test/hostile/main.ts", args);
  },
  async reference(args) {
    await ensureInstalled();
    return await runProgram("tools/reference/main.ts", args);
  },
  async dashboard(args) {
    await ensureInstalled();
    return await runProgram("tools/dashboard/main.ts", args);
  },
  async docs(args) {
    await ensureInstalled();
    return await runProgram("tools/site/main.ts", args);
  },
  async simulate(args) {
    await ensureInstalled();
    return await runProgram("simulation/main.ts", args);
  },
};

const [name = "", ...args] = process.argv.slice(2);
const command = commands[name];
watchOver();
try {
  if (!command) throw new Error(`expected one of ${Object.keys(commands).join(", ")}; got "${name}"`);
  process.exitCode = await command(args);
} catch (error) {
  const signal = endSignal();
  console.error(`tidewire: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = signal ? exitCodeOf(signal) : 1;
}
