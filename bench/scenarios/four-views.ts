// One channel in four forms at once, JSON, Protobuf, raw and events, beside as many readers of JSON alone.
import { Trial, type Wire } from "tidewire/bench";
import type { BenchOptions } from "../options.ts";
import { type Case, type CaseRow, ownServer, scenarioOf } from "./cases.ts";

const four: readonly Wire[] = ["centrifuge-json", "centrifuge-protobuf", "raw", "sse"];
const loads = [
  { name: "one at a time", rate: 100, burst: 1 },
  { name: "bursts of ten", rate: 500, burst: 10 },
];

export const fourViews = scenarioOf((options) =>
  loads.flatMap(({ name, rate, burst }) =>
    [four.slice(0, 1), four].map((wires): Case => ({
      name: `${wires.length === 1 ? "JSON alone" : "four views"}, ${name}`,
      base: `JSON alone, ${name}`,
      measure: () => measure(wires, { ...options, rate: options.rate ?? rate, burst }),
    })),
  ),
);

function measure(wires: readonly Wire[], options: BenchOptions & { readonly rate: number }): Promise<CaseRow> {
  const { subscribers, rate, burst, seconds, bytes } = options;
  return Trial.run(ownServer(options), async (trial) => {
    const each = Math.ceil(subscribers / wires.length);
    const groups = wires.map((wire) => trial.group({ wire }));
    const before = await trial.residentBytes();
    for (const group of groups) await trial.connect(group, each);
    const held = (await trial.residentBytes()) - before;
    await trial.measure({ phase: 1, rate, burst, seconds: 1, bytes });
    const load = { phase: 2, rate, burst, seconds, bytes };
    // Each view's part is measured by itself, all of one publishing.
    const { whole, parts } = await trial.measureViews(load, groups);
    const p99s = parts.map(({ p99Ms }, index) => [`${wires[index] ?? ""} p99 ms`, p99Ms] as const);
    return {
      ...whole,
      bytesPerConnection: held / (each * wires.length),
      figures: wires.length === 1 ? {} : Object.fromEntries(p99s),
    };
  });
}
