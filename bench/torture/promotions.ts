// Promotions of a replica, by Sentinels: the primary is lost in one way or the other, and comes back when another one has its place.
import { type FaultKind, betweenBoth, killed, lasting } from "./fault-kinds.ts";
import type { Dice } from "./dice.ts";
import { type Site, startedAtLast } from "./site.ts";
import type { WatchedRedis } from "./watched-redis.ts";

interface Promotion {
  readonly name: string;
  readonly needs?: "cuts";
  /** Takes the primary away; the function gives it back. */
  readonly begin: (site: Site, dice: Dice, primary: string) => Promise<() => Promise<void>>;
}

function watchedOf({ store }: Site): WatchedRedis {
  if (store.watched === undefined) throw new TypeError("a Redis that Sentinels watch was expected");
  return store.watched;
}

function promotion({ name, begin, ...rest }: Promotion): FaultKind {
  return {
    ...rest,
    name: `promotion: ${name}`,
    async strike(site, dice) {
      const watched = watchedOf(site);
      const primary = await watched.primary();
      const end = await begin(site, dice, primary);
      await watched.replaced(primary);
      await lasting(dice, [0, 3_000]);
      await end();
      await watched.together();
    },
  };
}

const othersThan = (site: Site, one: string): readonly string[] =>
  [...site.store.servers.keys()].filter((each) => each !== one);

export const primaryKills: FaultKind = promotion({
  name: "kill -9 of the primary",
  async begin(site, _dice, primary) {
    await site.program(primary).end("SIGKILL");
    return () => startedAtLast(site.program(primary));
  },
});

/** As before an upgrade. */
export const orderedPromotion: FaultKind = promotion({
  name: "asked of a Sentinel",
  async begin(site) {
    await watchedOf(site).failOver();
    return () => Promise.resolve();
  },
});

export const promotions: readonly FaultKind[] = [
  primaryKills,
  orderedPromotion,
  promotion({
    name: "kill -9 of a primary whose replicas lag",
    needs: "cuts",
    async begin(site, dice, primary) {
      site.machines.cut(betweenBoth([primary], othersThan(site, primary), "drop"));
      // What is acked now is nowhere else.
      await lasting(dice, [300, 900]);
      await site.program(primary).end("SIGKILL");
      return async () => {
        // Not before: what it sent and nobody took would still arrive.
        site.machines.heal();
        await startedAtLast(site.program(primary));
      };
    },
  }),
  promotion({
    name: "primary cut off from replicas and Sentinels, and not from nodes",
    needs: "cuts",
    begin(site, _dice, primary) {
      site.machines.cut(betweenBoth([primary], othersThan(site, primary), "drop"));
      return Promise.resolve(() => Promise.resolve(site.machines.heal()));
    },
  }),
  promotion({
    name: "SIGSTOP of the primary",
    begin(site, _dice, primary) {
      site.program(primary).signal("SIGSTOP");
      return Promise.resolve(() => Promise.resolve(site.program(primary).signal("SIGCONT")));
    },
  }),
];

/** Whoever is not needed at the moment. */
export const watcherKinds: readonly FaultKind[] = [
  {
    name: "kill -9 of a replica",
    async strike(site, dice) {
      const watched = watchedOf(site);
      await killed(site, dice.one(othersThan(site, await watched.primary())), dice.between(0, 3_000));
      await watched.together();
    },
  },
  {
    name: "kill -9 of a Sentinel",
    async strike(site, dice) {
      const watched = watchedOf(site);
      const machine = dice.one(watched.sentinels.keys());
      await watched.sentinels.get(machine)?.end("SIGKILL");
      await lasting(dice, [0, 3_000]);
      await watched.startSentinel(machine);
      await watched.together();
    },
  },
];
