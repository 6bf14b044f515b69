// Who has which slots of a cluster, by those of its nodes that answer.
import { fail } from "@tidewire/protocol";
import type { Clock } from "../../ports/clock.ts";
import { type Address, hostOf } from "./address.ts";
import { laneCount } from "./keys.ts";
import type { RedisClient } from "./redis-client.ts";
import { askAll, askServer } from "./single-question.ts";
import { changesIn, ownersIn, slotOf } from "./slots.ts";

/** Who has a slot. */
export type SlotMap = ReadonlyMap<number, Address>;

interface Told {
  readonly map: SlotMap;
  /** How often the cluster has changed, as far as the node has heard. */
  readonly changes: number;
}

/** Those of the lanes: who has the others does not matter. */
export const laneSlots: readonly number[] = [
  ...new Set(Array.from({ length: laneCount }, (_, lane) => slotOf(`{${lane}}`))),
];

/**
 * What the node says that has heard of the most changes: one that is cut off still tells of the owners it knew.
 * @throws {TidewireError} `engine_unavailable`: none of them answers, or the cluster does not serve; in words.
 */
export async function clusterMap(nodes: readonly RedisClient[], clock: Clock): Promise<SlotMap> {
  const { answers, reasons } = await askAll(nodes, clock, (node) => mapOf(node, clock));
  const most = Math.max(...answers.map(({ changes }) => changes));
  const newest = answers.find(({ changes }) => changes === most);
  return newest?.map ?? fail("engine_unavailable", `the Redis cluster cannot be used: ${[...reasons].join("; ")}`);
}

async function mapOf(node: RedisClient, clock: Clock): Promise<Told> {
  const [info, slots] = await askServer(node, clock, [
    ["CLUSTER", "INFO"],
    ["CLUSTER", "SLOTS"],
  ]);
  const map = ownersIn(slots, hostOf(node));
  const missing = laneSlots.filter((slot) => !map.has(slot)).length;
  if (missing > 0) throw new Error(`${missing} of the ${laneSlots.length} slots that are needed have no server`);
  const changes = changesIn(info);
  if (changes === null) throw new Error("cluster_state:ok was expected, a node says that the cluster does not serve");
  return { map, changes };
}
