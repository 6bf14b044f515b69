// One attack at its full size, in a process of its own: the attackers stand last on this machine, since in life they have others.
import { answer, machineTime, othersShare } from "tidewire/bench";
import { Arena, type AttackTalk, type Row } from "./arena.ts";
import { rows } from "./catalog.ts";
import { ordinaryDay } from "./ordinary.ts";
import { fullServers } from "./servers.ts";
import { stand } from "./standing.ts";

const quietMs = 10_000;

/** A server of its own each time: what one attack leaves behind is not the next one's. */
async function attack<Result>(name: string, act: (arena: Arena, row: Row) => Promise<Result>): Promise<Result> {
  const row = rows.find((one) => one.name === name);
  if (row === undefined) throw new RangeError(`expected one of ${rows.map((one) => one.name).join(", ")}, got ${name}`);
  const arena = await Arena.open(fullServers[row.server]);
  try {
    await arena.standFirst();
    // Server and bystanders are running: it is this process alone that has to wait for them.
    stand("last");
    return await act(arena, row);
  } finally {
    await arena.close();
  }
}

answer<AttackTalk>({
  time: ({ name }) =>
    attack(name, async (arena, row) => {
      await ordinaryDay(arena.port);
      const quiet = await arena.quiet(quietMs);
      const since = machineTime();
      return { ...(await arena.time(row, row.sizes.full)), quiet, machineShare: othersShare(since, 0) };
    }),
  weigh: ({ name }) => attack(name, (arena, row) => arena.weigh(row, row.sizes.full)),
});
