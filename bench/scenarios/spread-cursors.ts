// Readers that stand at 400 places of one tail and catch up at once, beside readers of another channel that only live.
import { type Load, Trial } from "tidewire/bench";
import type { BenchOptions } from "../options.ts";
import { type Case, type CaseRow, ownServer, scenarioOf } from "./cases.ts";

/** Publications that the tail holds, of which the readers have had none, or as many as their place says. */
const behind = 800;
const liveReaders = 50;
const filling = { phase: 1, rate: 2_000, burst: 20 };
const live = { phase: 2, rate: 100, burst: 1, spread: { of: "channels", first: 1, count: 1 } } as const;

export const spreadCursors = scenarioOf((options) =>
  [1, 400].map((places): Case => ({
    name: places === 1 ? "all at one place" : `at ${places} places`,
    measure: () => catchUp(places, options),
  })),
);

function catchUp(count: number, options: BenchOptions): Promise<CaseRow> {
  const { subscribers, loads, seconds, bytes } = options;
  return Trial.run(ownServer(options, { historySize: behind * 2 }), async (trial) => {
    const wire = "centrifuge-json";
    // A channel that nobody reads has no tail.
    const keeper = trial.group({ wire });
    const beside = trial.group({ wire, first: 1 });
    const late = trial.group({ wire, loads });
    await trial.connect(beside, liveReaders);
    const { epoch } = await trial.connect(keeper, 1);
    // It gives up when the machine has no time for it.
    for (let after = 0; after < behind;) {
      after = await trial.publish({ ...filling, after, seconds: (behind - after) / filling.rate, bytes });
    }
    await keeper.begin({ phase: 1, after: behind, isAnew: true });
    await late.begin({ phase: 1, after: 0, isAnew: true });
    const before = await trial.residentBytes();
    await trial.connect(late, subscribers, { places: { count, behind, epoch } });
    const held = (await trial.residentBytes()) - before;
    const alone = await trial.measureParts([{ load: { ...live, bytes, seconds }, groups: [beside] }]);
    const nothing: Load = { ...filling, rate: 0, after: behind, seconds, bytes };
    const { parts } = await trial.measureParts(
      [
        { load: nothing, groups: [late], goesOn: true },
        { load: { ...live, phase: 3, bytes, seconds }, groups: [beside] },
      ],
      () => late.resume(),
    );
    const [caught, others] = parts;
    if (caught === undefined || others === undefined) throw new TypeError("expected two parts");
    const quantiles = { p50Ms: others.p50Ms, p99Ms: others.p99Ms, p999Ms: others.p999Ms };
    return {
      ...caught,
      // When a publication is an old one, how late it comes says nothing: these are the others'.
      ...quantiles,
      deliveriesPerSecond: caught.received / (caught.lastMs / 1_000),
      problems: [...new Set([...caught.problems.filter(isWrong), ...others.problems, ...alone.whole.problems])],
      bytesPerConnection: held / subscribers,
      figures: { "caught up after ms": caught.lastMs, "live p99 ms without": alone.whole.p99Ms },
    };
  });
}

/** Whoever catches up takes all that there is, as fast as both sides can. */
function isWrong(problem: string): boolean {
  return problem !== "generator saturated";
}
