// Many channels with one subscriber each, up to 128 on a connection: a delivery costs the same, however many there are.
import { type Spread, Trial } from "tidewire/bench";
import { type Case, type CaseRow, ownServer, scenarioOf } from "./cases.ts";

/** What a connection may have, and what less of it is compared with. */
const perConnection = [2, 16, 128] as const;
const most = perConnection[2];
const usual = { rate: 5_000, burst: 50 };

export const manyChannels = scenarioOf((options) =>
  perConnection.map((own): Case => {
    const connections = Math.ceil(options.subscribers / most);
    const count = connections * own;
    return {
      name: `${count} channels, ${own} on each of ${connections} connections`,
      measure: () =>
        Trial.run(ownServer(options), async (trial): Promise<CaseRow> => {
          const readers = trial.group({ wire: "centrifuge-json", own, loads: options.loads });
          const before = await trial.residentBytes();
          const { elapsedMs } = await trial.connect(readers, connections);
          const held = (await trial.residentBytes()) - before;
          const spread: Spread = { of: "channels", first: 0, count };
          const { seconds, bytes } = options;
          const load = { ...usual, rate: options.rate ?? usual.rate, bytes, spread };
          await trial.measure({ ...load, phase: 1, seconds: 1 });
          const measured = await trial.measure({ ...load, phase: 2, seconds });
          return {
            ...measured,
            bytesPerConnection: held / connections,
            figures: { "B/channel": held / count, "subscribes/s": count / (elapsedMs / 1_000) },
          };
        }),
    };
  }),
);
