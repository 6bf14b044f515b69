// The sections of a run: one engine kept in one way each, what is done to it there, and what is promised.
import {
  cutKinds,
  engineClock,
  engineKills,
  engineRestarts,
  engineStops,
  type FaultKind,
  fullDisk,
  nodeClock,
  nodeKinds,
  olderCopy,
  promotion,
  serverCuts,
} from "./fault-kinds.ts";
import { promotions, watcherKinds } from "./promotions.ts";
import {
  type Keeping,
  localStore,
  natsStore,
  redisStore,
  type Store,
  type StoreOptions,
  watchedRedisStore,
} from "./stores.ts";

export type EngineName = "redis" | "nats" | "local";

export interface Section {
  readonly name: string;
  /** Of the engine. */
  readonly servers: number;
  readonly kinds: readonly FaultKind[];
  /** Whether what was acked is there after all of these faults. */
  readonly keepsAcked: boolean;
  /** After these a new epoch begins, and `recovered` is false. After all others it is true. */
  readonly newEpochs: readonly FaultKind[];
  /** It has a disk of its own, which a fault makes small. */
  readonly hasOwnDisk?: true;
  store(programs: Programs, options: StoreOptions): Store;
}

export interface Programs {
  readonly redis: string;
  readonly nats: string;
}

const redis = (keeping: Keeping, section: Omit<Section, "name" | "servers" | "store">): Section => ({
  ...section,
  name: `redis ${keeping}${section.hasOwnDisk === true ? ", full disk" : ""}`,
  servers: 1,
  store: (programs, options) => redisStore(programs.redis, keeping, options),
});

const restarts = [engineKills, engineRestarts];
const always = [...nodeKinds, engineStops, ...restarts, ...cutKinds, nodeClock];

const natsSection = (
  servers: number,
  section: Omit<Section, "name" | "servers" | "store" | "keepsAcked">,
): Section => ({
  ...section,
  name: servers === 1 ? "nats" : `nats, ${servers} servers`,
  servers,
  keepsAcked: true,
  store: (programs, options) => natsStore(programs.nats, options),
});

const together = [...nodeKinds, ...restarts, engineStops, promotion, serverCuts, ...cutKinds, nodeClock];

const sections: Readonly<Record<EngineName, readonly Section[]>> = {
  redis: [
    redis("everysec", { kinds: restarts, keepsAcked: false, newEpochs: restarts }),
    redis("nothing", { kinds: restarts, keepsAcked: false, newEpochs: restarts }),
    redis("always", { kinds: [fullDisk], keepsAcked: true, newEpochs: [fullDisk], hasOwnDisk: true }),
    {
      ...redis("always", { kinds: [olderCopy], keepsAcked: false, newEpochs: [olderCopy] }),
      name: "redis, older copy",
    },
    redis("always", { kinds: always, keepsAcked: true, newEpochs: restarts }),
    {
      name: "redis, sentinels",
      servers: 3,
      // What a replica did not get is lost when it takes over: acks are `volatile` there.
      keepsAcked: false,
      kinds: [...promotions, ...watcherKinds, ...nodeKinds, ...cutKinds],
      newEpochs: promotions,
      store: (programs, options) => watchedRedisStore(programs.redis, options),
    },
    redis("durable", { kinds: [...restarts, engineStops, ...nodeKinds], keepsAcked: true, newEpochs: [] }),
  ],
  nats: [
    natsSection(1, {
      kinds: [...nodeKinds, engineStops, ...restarts, ...cutKinds, nodeClock],
      newEpochs: restarts,
    }),
    natsSection(3, { kinds: together, newEpochs: [] }),
  ],
  local: [
    {
      name: "local, sqlite",
      servers: 1,
      kinds: [...nodeKinds, engineStops, ...restarts, nodeClock, engineClock],
      keepsAcked: true,
      newEpochs: [],
      store: (_programs, options) => localStore(options),
    },
  ],
};

/** What cannot be done to these engines, and why; what a machine cannot do is found out there. */
export const impossible: Readonly<Record<EngineName, readonly string[]>> = {
  redis: [
    "clock of the engine: with Debian's libfaketime 0.9.10 redis-server ends at once (Unexpected recursive calls to clock_gettime())",
    "power cut: there is no power to cut; `kill -9` keeps what the kernel was given",
  ],
  nats: [
    "clock of the engine: nats-server is linked statically, and libfaketime cannot be loaded into it",
    "power cut: there is no power to cut; `kill -9` keeps what the kernel was given",
  ],
  local: ["network: nodes and owner meet at a socket file of one machine", "promotion: there is one owner"],
};

/** @param only A section's name, or a part of several. @throws {RangeError} For a name that is none's. */
export function sectionsOf(engine: EngineName, only: string | null): readonly Section[] {
  const all = sections[engine];
  if (only === null) return all;
  const exact = all.filter(({ name }) => name === only);
  const found = exact.length > 0 ? exact : all.filter(({ name }) => name.includes(only));
  if (found.length > 0) return found;
  throw new RangeError(`--section: expected a part of one of ${all.map(({ name }) => name).join("; ")}, got ${only}`);
}
