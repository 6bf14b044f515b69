// A server that knows nothing of being measured: started, published to by its API, and looked at from outside.
import { mkdtempSync, rmSync } from "node:fs";
import { platform, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { remoteProgram } from "./remote-program.ts";
import { Trial } from "./trial.ts";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const url = "ws://127.0.0.1/connection/websocket";
const channel = "public:bench";
const apiKey = "0123456789abcdef";
const load = { phase: 1, rate: 200, burst: 20, seconds: 1, bytes: 100 };
const timeoutMs = 60_000;

it(
  "is measured by what the system tells of its process",
  async () => {
    const data = mkdtempSync(path.join(tmpdir(), "tidewire-"));
    onTestFinished(() => rmSync(data, { recursive: true, force: true }));
    const flags = ["--port", "{port}", "--engine", "memory", "--data", data];
    const args = ["--conditions=@tidewire/source", main, "dev", ...flags];
    const program = { file: process.execPath, args, env: { TIDEWIRE_API_KEY: apiKey, NODE_OPTIONS: "" } };
    await Trial.run(remoteProgram({ url, channel, by: "api", apiKey, program }), async (trial) => {
      const readers = trial.group({ wire: "centrifuge-json", channel });
      const { cpuUs } = await trial.connect(readers, 10);
      const { published, received, lost, problems, serverShare } = await trial.measure(load);
      expect({ published, received, lost, problems }).toEqual({
        published: 200,
        received: 2_000,
        lost: 0,
        problems: [],
      });
      if (platform() !== "linux") return;
      expect(cpuUs).toBeGreaterThanOrEqual(0);
      expect(serverShare).toBeGreaterThan(0);
      // Node alone has more, and no machine this much.
      expect(await trial.residentBytes()).toBeGreaterThan(20_000_000);
      expect(await trial.residentBytes()).toBeLessThan(10_000_000_000);
    });
  },
  timeoutMs,
);

it("that ends before it listens is told by its end", async () => {
  const program = { file: process.execPath, args: ["-e", "process.exit(3)"], env: { NODE_OPTIONS: "" } };
  const trial = Trial.run(remoteProgram({ url, channel, by: "api", apiKey, program }), () => Promise.resolve());
  await expect(trial).rejects.toThrow("ended with 3");
});
