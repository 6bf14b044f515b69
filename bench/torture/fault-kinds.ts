// What is done to nodes, engine, network, disk and clocks while everybody publishes and reads; each ends with the site as it was.
import { execFileSync } from "node:child_process";
import { statfsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Dice } from "./dice.ts";
import { clients, type Cut } from "./machines.ts";
import { type Site, startedAtLast } from "./site.ts";
import { copyOf } from "./stores.ts";

export interface FaultKind {
  readonly name: string;
  /** What it takes that not every machine has. */
  readonly needs?: "cuts" | "clocks" | "disk";
  /** Does it, lets it last, and ends it. */
  strike(site: Site, dice: Dice): Promise<void>;
}

const hour = 3_600;

export async function lasting(dice: Dice, [least, most]: readonly [number, number]): Promise<void> {
  await sleep(dice.between(least, most));
}

const nodeOf = (site: Site, dice: Dice): string => dice.one(site.nodes.keys());
const serverOf = (site: Site, dice: Dice): string => dice.one(site.store.servers.keys());

export async function killed(site: Site, name: string, awayMs: number): Promise<void> {
  await site.program(name).end("SIGKILL");
  await sleep(awayMs);
  await startedAtLast(site.program(name));
}

async function stopped(site: Site, name: string, wait: () => Promise<void>): Promise<void> {
  site.program(name).signal("SIGSTOP");
  await wait();
  site.program(name).signal("SIGCONT");
}

/** Network faults, by what is cut; in one direction or both. */
function cutting(name: string, cutsOf: (site: Site, dice: Dice) => readonly Cut[]): FaultKind {
  return {
    name,
    needs: "cuts",
    async strike(site, dice) {
      site.machines.cut(cutsOf(site, dice));
      // Short ones heal by themselves; the engine's limits and those of heartbeats lie in between.
      await lasting(
        dice,
        dice.one([
          [300, 2_000],
          [2_000, 4_000],
          [5_000, 9_000],
        ] as const),
      );
      site.machines.heal();
    },
  };
}

export const betweenBoth = (one: readonly string[], other: readonly string[], how: Cut["how"]): readonly Cut[] => [
  { from: one, to: other, how },
  { from: other, to: one, how },
];
const servers = (site: Site): readonly string[] => [...site.store.servers.keys()];

/** Of nodes. */
export const nodeKinds: readonly FaultKind[] = [
  {
    name: "kill -9 of a node",
    strike: (site, dice) => killed(site, nodeOf(site, dice), dice.between(0, 2_000)),
  },
  {
    name: "kill -9 of all nodes but one",
    async strike(site, dice) {
      const [, ...others] = dice.shuffled([...site.nodes.keys()]);
      await Promise.all(others.map((name) => killed(site, name, dice.between(0, 1_000))));
    },
  },
  {
    name: "SIGSTOP of a node",
    strike: (site, dice) => stopped(site, nodeOf(site, dice), () => lasting(dice, [200, 9_000])),
  },
  {
    name: "rolling restart with drain",
    async strike(site) {
      for (const node of site.nodes.values()) {
        await node.end("SIGTERM");
        await startedAtLast(node);
      }
    },
  },
];

export const engineStops: FaultKind = {
  name: "SIGSTOP of the engine",
  strike: (site, dice) => stopped(site, serverOf(site, dice), () => lasting(dice, [200, 9_000])),
};

export const engineKills: FaultKind = {
  name: "kill -9 of the engine",
  strike: (site, dice) => killed(site, serverOf(site, dice), dice.between(0, 3_000)),
};

export const engineRestarts: FaultKind = {
  name: "restart of the engine",
  async strike(site, dice) {
    const server = site.program(serverOf(site, dice));
    await server.end("SIGTERM");
    await startedAtLast(server);
  },
};

/** Of three servers of which one leads: another one has to. */
export const promotion: FaultKind = {
  name: "SIGSTOP of the leader until another one is chosen",
  async strike(site, dice) {
    // Nobody outside knows who leads all streams: each in turn has to let go.
    for (const name of dice.shuffled(servers(site))) {
      await stopped(site, name, () => lasting(dice, [6_000, 9_000]));
      await lasting(dice, [1_000, 3_000]);
    }
  },
};

export const olderCopy: FaultKind = {
  name: "older copy of the engine's data put back",
  async strike(site, dice) {
    const name = serverOf(site, dice);
    const putBack = copyOf(site.program(name), site.store.folderOf(name));
    await lasting(dice, [500, 2_000]);
    await putBack();
  },
};

/** A disk of the engine alone that has no room any more. */
export const fullDisk: FaultKind = {
  name: "full disk of the engine",
  needs: "disk",
  async strike(site, dice) {
    const name = serverOf(site, dice);
    const folder = site.store.folderOf(name);
    const { bsize, blocks, bfree } = statfsSync(folder);
    const used = Math.ceil(((blocks - bfree) * bsize) / 1_024);
    resize(folder, used + Math.ceil(dice.between(128, 512)));
    await lasting(dice, [2_000, 5_000]);
    resize(folder, 0);
    // Some engines end where they cannot write, and are started again by whatever watches over them.
    if (!site.program(name).isRunning) await startedAtLast(site.program(name));
  },
};

/** @param kilobytes 0: as much as there is memory. */
function resize(folder: string, kilobytes: number): void {
  execFileSync("mount", ["-o", `remount,size=${kilobytes === 0 ? "50%" : `${kilobytes}k`}`, folder]);
}

/** Of the network between machines. */
export const cutKinds: readonly FaultKind[] = [
  cutting("node and engine cut off, both ways", (site, dice) =>
    betweenBoth([nodeOf(site, dice)], servers(site), "drop"),
  ),
  cutting("node to engine cut, one way", (site, dice) => [
    { from: [nodeOf(site, dice)], to: servers(site), how: "drop" },
  ]),
  cutting("engine to node cut, one way", (site, dice) => [
    { from: servers(site), to: [nodeOf(site, dice)], how: "drop" },
  ]),
  cutting("node and engine reset", (site, dice) => betweenBoth([nodeOf(site, dice)], servers(site), "reset")),
  cutting("engine cut off from all nodes", (site) => betweenBoth([...site.nodes.keys()], servers(site), "drop")),
  cutting("clients and node half-open", (site, dice) => betweenBoth([clients], [nodeOf(site, dice)], "drop")),
  cutting("node to clients cut, one way", (site, dice) => [{ from: [nodeOf(site, dice)], to: [clients], how: "drop" }]),
  cutting("clients and node reset", (site, dice) => betweenBoth([clients], [nodeOf(site, dice)], "reset")),
];

/** Of servers of an engine among each other. */
export const serverCuts: FaultKind = cutting("one server of the engine cut off from the others", (site, dice) => {
  const one = serverOf(site, dice);
  return betweenBoth(
    [one],
    servers(site).filter((each) => each !== one),
    "drop",
  );
});

async function stepped(site: Site, name: string, dice: Dice): Promise<void> {
  site.clocks.step(name, dice.one([-hour, hour]));
  await lasting(dice, [2_000, 4_000]);
  site.clocks.step(name, 0);
  // Read once a second.
  await sleep(1_000);
}

export const nodeClock: FaultKind = {
  name: "clock of a node set by an hour and back",
  needs: "clocks",
  strike: (site, dice) => stepped(site, nodeOf(site, dice), dice),
};

export const engineClock: FaultKind = {
  name: "clock of the engine set by an hour and back",
  needs: "clocks",
  strike: (site, dice) => stepped(site, serverOf(site, dice), dice),
};
