// Starts Harbor: reads the environment, says that it is ready, and ends in good order when told to.
import { readFileSync } from "node:fs";
import { consoleLog, endOnSignal, failWith, portOwner, startReport } from "tidewire/host";
import { type Config, parseConfig } from "./config.ts";
import { type Harbor, startHarbor } from "./harbor.ts";
import { keepWorker } from "./jobs/kept-worker.ts";
import { ownUrl } from "./own-url.ts";

try {
  const config = parseConfig(process.env, process.argv.slice(2));
  const log = consoleLog(config.mode === "development" ? "info" : "warn");
  const harbor = await startHarbor(config, log);
  const serverUrl = ownUrl(config.hosts[0] ?? "localhost", harbor.port);
  const worker = config.hasWorker ? keepWorker({ serverUrl, log }) : null;
  endOnSignal(async () => {
    // First, as long as there is somebody whom it can tell of its last jobs.
    await worker?.stop();
    await harbor.stop();
  });
  process.stdout.write(`${reportOf(config, harbor)}\n`);
} catch (thrown) {
  failWith(thrown);
}

function reportOf(config: Config, harbor: Harbor): string {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const isTaken = config.port !== 0 && harbor.port !== config.port;
  return startReport({
    title: `Harbor on Tidewire ${version}`,
    readyMs: performance.now(),
    mode: config.mode,
    host: config.hosts[0] ?? "localhost",
    port: harbor.port,
    page: "/",
    apiKey: harbor.apiKey,
    dataFolder: config.dataFolder,
    taken: isTaken ? { port: config.port, owner: portOwner(config.port) } : null,
  });
}
