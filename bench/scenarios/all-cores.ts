// The standalone server as one process, and as an owner of the log with one worker and with two: what each process spends.
import { type Program, Trial } from "tidewire/bench";
import type { BenchOptions } from "../options.ts";
import { type Case, type CaseRow, scenarioOf } from "./cases.ts";
import { withWorkers } from "./workers.ts";

const usual = { rate: 200, burst: 1 };
export const allCores = scenarioOf((options) =>
  [1, 2].map((workers): Case => {
    const name = workers === 1 ? "one process" : `${workers} workers and the owner`;
    return { name, measure: () => withWorkers(workers, (program) => measure(program, options)) };
  }),
);

async function measure(program: Program, options: BenchOptions): Promise<CaseRow> {
  const { seconds, bytes, subscribers, loads } = options;
  return await Trial.run(program, async (trial) => {
    const readers = trial.group({ wire: "centrifuge-json", loads });
    const { elapsedMs } = await trial.connect(readers, subscribers);
    const load = {
      rate: options.rate ?? usual.rate,
      burst: options.rate === null ? usual.burst : options.burst,
      bytes,
    };
    await trial.measure({ ...load, phase: 1, seconds: 1 });
    const measured = await trial.measure({ ...load, phase: 2, seconds });
    const { busiestShare, deliveriesPerSecond } = measured;
    return {
      ...measured,
      // Of several young processes it says how far each has warmed up.
      bytesPerConnection: Number.NaN,
      figures: {
        "connects/s": subscribers / (elapsedMs / 1_000),
        "busiest process %": Math.round(busiestShare * 100),
        // Where every process has a core, the busiest one is what ends it.
        "deliveries/s a busy core": Math.round(deliveriesPerSecond / busiestShare),
      },
    };
  });
}
