// `tidewire bench`: how fast a server delivers, whether it delivers everything, and what it costs.
import { Command } from "commander";
import { failWith } from "../host/fail.ts";
import { addFlags, type BenchFlags, type BenchSettings, readBenchFlags } from "./flags.ts";
import type { Measured } from "./judgement.ts";
import { ownProgram } from "./own-program.ts";
import { remoteProgram } from "./remote-program.ts";
import { benchReport } from "./report.ts";
import { Trial } from "./trial.ts";

export function benchCommand(): Command {
  const command = new Command("bench").description("measure a server: what it delivers, how late, and what is lost");
  return addFlags(command).action(async (url: string | undefined, flags: BenchFlags) => {
    try {
      await run(readBenchFlags(url, flags));
    } catch (thrown) {
      failWith(thrown);
    }
  });
}

async function run(settings: BenchSettings): Promise<void> {
  const { remote, wire, channel, path, subscribers, seconds, bytes, processes } = settings;
  await Trial.run(remote === null ? ownProgram() : remoteProgram(remote), async (trial) => {
    const readers = trial.group({ wire, channel, path, loads: processes });
    const before = await trial.residentBytes();
    const connected = await trial.connect(readers, subscribers);
    const bytesPerConnection = ((await trial.residentBytes()) - before) / subscribers;
    const warmUp = settings.loads[0];
    if (warmUp !== undefined) await trial.measure({ ...warmUp, phase: 1, seconds: 1, bytes });
    const rows: (Measured & { name: string })[] = [];
    for (const [index, { name, rate, burst }] of settings.loads.entries()) {
      rows.push({ name, ...(await trial.measure({ phase: 2 + index, rate, burst, seconds, bytes })) });
    }
    const server = remote?.url ?? "a Tidewire of its own, in memory";
    process.stdout.write(benchReport({ server, wire, subscribers, connected, bytesPerConnection, rows }));
    // A script should see it.
    if (rows.some((row) => row.lost + row.repeated + row.reordered + row.strays > 0)) process.exitCode = 1;
  });
}
