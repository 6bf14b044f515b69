// Harbor for one test: its real processes from their sources, on a data folder of their own, gone when the test has ended.
import path from "node:path";
import type { TestContext } from "vitest";
import { fromSource, root, type ServerProcess, startServer, withParent } from "./browser/server-process.ts";
import { childrenRunning } from "./child-processes.ts";

/** The server, with a worker beside it unless `env` says otherwise. */
export async function harborFor(
  { onTestFinished }: Pick<TestContext, "onTestFinished">,
  env: NodeJS.ProcessEnv = {},
): Promise<ServerProcess> {
  const started = await startServer({
    args: [fromSource, withParent, path.join(root, "apps/harbor/server/main.ts")],
    ready: /^ {2}App {2,}http:/,
    env: (port, data) => ({ PORT: String(port), HOST: "127.0.0.1", TIDEWIRE_DATA: data, NODE_ENV: "", ...env }),
  });
  onTestFinished(() => started.stop());
  return started;
}

/** The workers beside a server, by their process ids. */
export const workersOf = ({ processId }: ServerProcess): readonly number[] =>
  childrenRunning(processId, path.join("harbor", "worker", "main.ts"));
