// `npm run cluster`: three Harbor nodes behind one address, to look at and to kill.
import path from "node:path";
import { parseArgs } from "node:util";
import { redis } from "../run/redis.mjs";
import { Cluster } from "./cluster.ts";

const { values } = parseArgs({
  options: { port: { type: "string", default: "8080" }, data: { type: "string", default: "data/cluster" } },
});
const port = Number(values.port);
if (!Number.isSafeInteger(port) || port < 0 || port > 65_535) {
  throw new RangeError(`--port: expected a port, got ${values.port}`);
}
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const program = redis.find() ?? (await redis.fetch());
const cluster = new Cluster({ redis: program.path, dataFolder: path.resolve(values.data), port, nodes: 3, say });

let stopping: Promise<void> | null = null;
const end = (): void => {
  stopping ??= cluster.stop().then(() => process.exit(0));
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
try {
  await cluster.start();
} catch (thrown) {
  await cluster.stop();
  throw thrown;
}
say(
  `Three Harbor nodes behind http://localhost:${cluster.port}/, and http://localhost:${cluster.port}/nodes shows them`,
);
for (const node of cluster.nodes)
  say(`  node ${node.name}: process ${node.pid}, port ${node.port}; kill -9 ${node.pid}`);
say("Ctrl-C ends all.");
