// More connections than one process may have, over the workers of one server, all on one channel.
import { type Program, Trial } from "tidewire/bench";
import type { BenchOptions } from "../options.ts";
import { type CaseRow, scenarioOf } from "./cases.ts";
import { mostConnections } from "./descriptors.ts";
import { withWorkers } from "./workers.ts";

const perLoad = 5_000;
const usualRate = 1;
/** Of what a process may have: it takes nine tenths of it, and connections are not dealt out exactly. */
const filled = 0.7;

export const manyConnections = scenarioOf((options) => {
  const workers = Math.max(2, Math.ceil(options.subscribers / (mostConnections() * filled)));
  const name = `${options.subscribers} connections, ${workers} workers and the owner`;
  return [{ name, measure: () => withWorkers(workers, (program) => measure(program, options)) }];
});

function measure(program: Program, options: BenchOptions): Promise<CaseRow> {
  const { subscribers, seconds, bytes } = options;
  return Trial.run(program, async (trial) => {
    const readers = trial.group({
      wire: "centrifuge-json",
      loads: Math.max(options.loads, Math.ceil(subscribers / perLoad)),
    });
    const before = await trial.residentBytes();
    const { elapsedMs } = await trial.connect(readers, subscribers);
    const held = (await trial.residentBytes()) - before;
    const load = { rate: options.rate ?? usualRate, burst: 1, bytes };
    await trial.measure({ ...load, phase: 1, seconds: 1 });
    return {
      ...(await trial.measure({ ...load, phase: 2, seconds })),
      bytesPerConnection: held / subscribers,
      figures: { "connects/s": subscribers / (elapsedMs / 1_000), "MB in all": held / 1_000_000 },
    };
  });
}
