// One attack at its full size, in a process of its own: the attackers stand last on this machine, since in life they have others.
import { answer, machineTime, othersShare } from "tidewire/bench";
import { Arena, type AttackTalk, type Row, type Standings } from "./arena.ts";
import { rows } from "./catalog.ts";
import { ordinaryDay } from "./ordinary.ts";
import { fullServers } from "./servers.ts";
import { stand } from "./standing.ts";

const quietMs = 10_000;

/** A server of its own for each row: what one attack leaves behind is not another one's. */
async function attack<Result>(
  name: string,
  act: (arena: Arena, row: Row, standing: Standings) => Promise<Result>,
): Promise<Result> {
  const row = rows.find((one) => one.name === name);
  if (row === undefined) throw new RangeError(`expected one of ${rows.map((one) => one.name).join(", ")}, got ${name}`);
  const arena = await Arena.open(fullServers[row.server]);
  try {
    const bystanders = await arena.bystandersFirst();
    // Server and bystanders are running: it is this process alone that has to wait for them.
    return await act(arena, row, { bystanders, attackers: stand("last") });
  } finally {
    await arena.close();
  }
}

answer<AttackTalk>({
  time: ({ name }) =>
    attack(name, async (arena, row, standing) => {
      await ordinaryDay(arena.port);
      const quiet = await arena.quiet(quietMs);
      const since = machineTime();
      return { ...(await arena.time(row, row.sizes.full)), quiet, standing, machineShare: othersShare(since, 0) };
    }),
  weigh: ({ name }) => attack(name, (arena, row) => arena.weigh(row, row.sizes.full)),
});
