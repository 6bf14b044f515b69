#!/usr/bin/env node
// The command line: `tidewire dev`, `start`, `check`, `config`, `bench` and `chaos`.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Command } from "commander";
import { benchCommand } from "./bench/command.ts";
import { chaosCommand } from "./chaos/command.ts";
import { checkCommand, configCommand } from "./config/command.ts";
import { failWith } from "./host/fail.ts";
import { endOnSignal } from "./host/end-on-signal.ts";
import { portOwner } from "./host/port-owner.ts";
import { startReport } from "./host/start-report.ts";
import { logOf } from "./server-log.ts";
import { type Flags, readSettings } from "./settings.ts";
import { startStandalone } from "./standalone.ts";
import { startWorkers } from "./workers/supervisor.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const program = new Command("tidewire")
  .description("Real-time messaging on the wires people already speak.")
  .version(version);
for (const [name, what] of [
  ["dev", "run a server for development: guests, open channels, readable logs"],
  ["start", "run a server"],
] as const) {
  program
    .command(name)
    .description(what)
    .option("--config <file>", "configuration file (TIDEWIRE_CONFIG, default tidewire.jsonc or tidewire.json)")
    .option("--port <number>", "port to listen on (PORT, default 8080)")
    .option("--host <address>", "address to listen on (HOST, default this machine alone)")
    .option("--data <folder>", "folder of everything kept on disk (TIDEWIRE_DATA, default ./data)")
    .option("--engine <name>", "sqlite, memory or redis://host (TIDEWIRE_ENGINE, default sqlite)")
    .option("--workers <number>", "processes that serve clients (TIDEWIRE_WORKERS, default 1; auto: one for each core)")
    .action((flags: Flags) => run(name, flags));
}
program.addCommand(checkCommand());
program.addCommand(configCommand());
program.addCommand(benchCommand());
program.addCommand(chaosCommand());
await program.parseAsync();

async function run(name: "dev" | "start", flags: Flags): Promise<void> {
  try {
    await serve(flags, name === "dev" ? { ...process.env, NODE_ENV: "development" } : process.env);
  } catch (thrown) {
    failWith(thrown);
  }
}

async function serve(flags: Flags, env: NodeJS.ProcessEnv): Promise<void> {
  const settings = readSettings(flags, env);
  const log = logOf(settings);
  const workers = settings.workers === 0 ? availableParallelism() : settings.workers;
  const standalone =
    workers === 1 ? await startStandalone(settings, log) : await startWorkers({ settings, flags, workers, log });
  endOnSignal(() => standalone.stop());
  const isTaken = settings.port !== 0 && standalone.port !== settings.port;
  const report = startReport({
    title: `Tidewire ${version}`,
    readyMs: performance.now(),
    mode: settings.mode,
    host: settings.hosts[0] ?? "localhost",
    port: standalone.port,
    page: null,
    apiKey: standalone.apiKey,
    dataFolder: settings.dataFolder,
    workers,
    taken: isTaken ? { port: settings.port, owner: portOwner(settings.port) } : null,
  });
  process.stdout.write(`${report}\n`);
}
