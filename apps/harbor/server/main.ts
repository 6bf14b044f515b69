// Starts Harbor: reads the environment, says that it is ready, and ends in good order when told to.
import { readFileSync } from "node:fs";
import { ConfigError, type Config, parseConfig } from "./config.ts";
import { consoleLog } from "./console-log.ts";
import { type Harbor, startHarbor } from "./harbor.ts";
import { portOwner } from "./start/port-owner.ts";
import { startReport } from "./start/start-report.ts";

const exitConfig = 78;

await main();

async function main(): Promise<void> {
  const config = readConfig();
  if (config === null) return;
  const harbor = await startHarbor(config, consoleLog(config.mode === "development" ? "info" : "warn"));
  endOnSignal(harbor);
  process.stdout.write(`${reportOf(config, harbor)}\n`);
}

function readConfig(): Config | null {
  try {
    return parseConfig(process.env, process.argv.slice(2));
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    process.stderr.write(`  ${thrown.message}\n`);
    process.exitCode = exitConfig;
    return null;
  }
}

function reportOf(config: Config, harbor: Harbor): string {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const [host = "localhost"] = config.hosts;
  const isTaken = config.port !== 0 && harbor.port !== config.port;
  return startReport({
    version,
    readyMs: performance.now(),
    mode: config.mode,
    host: host === "127.0.0.1" ? "localhost" : host.includes(":") ? `[${host}]` : host,
    port: harbor.port,
    apiKey: harbor.apiKey,
    dataFolder: config.dataFolder,
    taken: isTaken ? { port: config.port, owner: portOwner(config.port) } : null,
  });
}

function endOnSignal(harbor: Harbor): void {
  let isEnding = false;
  const end = (): void => {
    // A second signal is somebody who does not want to wait.
    if (isEnding) process.exit(1);
    isEnding = true;
    harbor.stop().then(
      () => process.exit(0),
      (thrown: unknown) => {
        process.stderr.write(`  ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
}
