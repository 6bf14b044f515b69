// One channel with as many connections as the machine lets a process have, and what a small channel beside it notices.
import { Trial } from "tidewire/bench";
import type { BenchOptions } from "../options.ts";
import { type CaseRow, ownServer, scenarioOf } from "./cases.ts";
import { mostConnections } from "./descriptors.ts";

const smallReaders = 10;
const perLoad = 5_000;
const small = { rate: 100, burst: 1, spread: { of: "channels", first: 1, count: 1 } } as const;
const usualRate = 5;

export const largeChannel = scenarioOf((options) => {
  const connections = Math.min(options.subscribers, mostConnections() - smallReaders);
  return [{ name: `${connections} connections`, measure: () => measure(connections, options) }];
});

function measure(connections: number, options: BenchOptions): Promise<CaseRow> {
  const { seconds, bytes } = options;
  return Trial.run(ownServer(options), async (trial) => {
    const wire = "centrifuge-json";
    const beside = trial.group({ wire, first: 1 });
    const everybody = trial.group({ wire, loads: Math.max(options.loads, Math.ceil(connections / perLoad)) });
    await trial.connect(beside, smallReaders);
    const before = await trial.residentBytes();
    const { elapsedMs } = await trial.connect(everybody, connections);
    const held = (await trial.residentBytes()) - before;
    const rate = options.rate ?? usualRate;
    const large = { rate, burst: 1, bytes };
    await trial.measureParts([{ load: { ...large, phase: 1, seconds: 1 }, groups: [everybody] }]);
    const alone = await trial.measureParts([{ load: { ...small, phase: 2, bytes, seconds }, groups: [beside] }]);
    const { parts } = await trial.measureParts([
      { load: { ...large, phase: 3, seconds }, groups: [everybody] },
      { load: { ...small, phase: 3, bytes, seconds }, groups: [beside] },
    ]);
    const [large3, small3] = parts;
    if (large3 === undefined || small3 === undefined) throw new TypeError("expected two parts");
    return {
      ...large3,
      problems: [...new Set([...large3.problems, ...small3.problems])],
      bytesPerConnection: held / connections,
      figures: {
        "connects/s": connections / (elapsedMs / 1_000),
        "small channel's p99 ms": small3.p99Ms,
        "alone ms": alone.whole.p99Ms,
      },
    };
  });
}
