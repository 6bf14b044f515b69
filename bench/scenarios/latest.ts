// A latest channel of 200 keys, whose subscribers want five looks a second: work follows what is sent, not what is published.
import { type Spread, Trial } from "tidewire/bench";
import type { BenchOptions } from "../options.ts";
import { type Case, type CaseRow, ownServer, scenarioOf } from "./cases.ts";

const keys: Spread = { of: "keys", first: 0, count: 200 };
const looks = 5;
const rates = [500, 2_000, 8_000] as const;
/** More than the kernel takes for a socket that is not read, and less than a table may have: every key at 60,000 bytes. */
const filling = { phase: 1, rate: 200, burst: 10, seconds: 1, bytes: 60_000, spread: keys };

export const latest = scenarioOf((options) => [
  ...rates.map((rate): Case => ({
    name: `${rate} updates/s`,
    measure: () => measure({ ...options, rate, stalled: 0 }),
  })),
  {
    name: `${rates[1]} updates/s, one reads nothing`,
    measure: () => measure({ ...options, rate: rates[1], stalled: 1 }),
  },
]);

/** `rate`: updates a second; `stalled`: subscribers that read nothing. */
function measure(options: BenchOptions & { readonly rate: number; readonly stalled: number }): Promise<CaseRow> {
  const { subscribers, loads, rate, seconds, bytes, stalled } = options;
  return Trial.run(ownServer(options), async (trial) => {
    const group = { wire: "centrifuge-json", channel: "latest:{n}", isLatest: true, rate: looks } as const;
    const asleep = trial.group(group);
    const readers = trial.group({ ...group, loads });
    if (stalled > 0) await trial.connect(asleep, stalled, { stalled });
    if (stalled > 0) await trial.publish(filling);
    // Whoever comes is told the whole table first: let it be a small one.
    await trial.publish({ ...filling, phase: 2, bytes });
    const before = await trial.residentBytes();
    await trial.connect(readers, subscribers);
    const held = (await trial.residentBytes()) - before;
    const load = { rate, burst: Math.max(1, rate / 100), bytes, spread: keys };
    await trial.measureParts([{ load: { ...load, phase: 3, seconds: 1 }, groups: [readers] }]);
    const { whole } = await trial.measureParts([{ load: { ...load, phase: 4, seconds }, groups: [readers] }]);
    const memory = await trial.memory();
    return {
      ...whole,
      bytesPerConnection: held / subscribers,
      figures: {
        "published/s": whole.published / seconds,
        "full sockets": memory?.fullSockets ?? Number.NaN,
        "KB unsent": Math.round((memory?.unsentBytes ?? Number.NaN) / 1_000),
      },
    };
  });
}
