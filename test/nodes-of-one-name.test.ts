// Two nodes that go by one name on one engine: the later one says so, of itself and of the other; a restart is none of that.
import path from "node:path";
import type { Clock } from "@tidewire/server";
import { localEngine, localOwner } from "@tidewire/server/local";
import { memoryEngine } from "@tidewire/server/memory";
import { systemClock } from "@tidewire/protocol/ports";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFile } from "./killable-node.ts";
import { post } from "./requesting.ts";
import { serve, type Served } from "./serving.ts";

const apiKey = "0123456789abcdef";
const waited = { timeout: 10_000, interval: 10 };

interface Named extends Served {
  /** Whether it waits for those who leave. */
  readonly waits: () => boolean;
  /** Lets that minute be over. */
  readonly minute: () => void;
  /** By the name: of this run and of those that the others say they are. */
  readonly uids: () => Promise<readonly string[]>;
}

/** Starts nodes of one log by their names. */
async function nodes(): Promise<(nodeName: string) => Promise<Named>> {
  const socket = path.join(path.dirname(temporaryFile()), "owner", "log");
  const owner = localOwner({ engine: memoryEngine(), path: socket });
  await owner.start();
  onTestFinished(() => owner.stop());
  return async (nodeName) => {
    const minutes: (() => void)[] = [];
    const after: Clock["after"] = (ms, act) => {
      if (ms !== 60_000) return systemClock.after(ms, act);
      minutes.push(act);
      return () => void minutes.splice(minutes.indexOf(act), 1);
    };
    const clock = { ...systemClock, after };
    const served = await serve({ engine: localEngine({ path: socket }), nodeName, apiKey, clock });
    const uids = async (): Promise<readonly string[]> => {
      const { body } = await post(`${served.httpUrl}/api/info`, "{}", { "X-API-Key": apiKey });
      const { nodes: known } = (body as { result: { nodes: { name: string; uid: string }[] } }).result;
      return known.filter(({ name }) => name === nodeName).map(({ uid }) => uid);
    };
    return {
      ...served,
      waits: () => minutes.length > 0,
      minute: () => minutes.splice(0).forEach((act) => act()),
      uids,
    };
  };
}

const warnings = ({ log }: Served): unknown => log.troubles.map(({ message, fields }) => [message, fields]);

test("the later one warns, and names both", async () => {
  const start = await nodes();
  const first = await start("one");
  await start("two");
  const later = await start("one");
  await expect.poll(later.waits, waited).toBe(true);
  expect(warnings(later)).toEqual([]);
  const [id, others] = await later.uids();
  later.minute();
  const message = "another node goes by this node's name: their figures are told as one node's";
  await expect.poll(() => warnings(later), waited).toEqual([[message, { name: "one", id, others }]]);
  expect([first.waits(), warnings(first)]).toEqual([false, []]);
  const short = await start("one");
  await expect.poll(short.waits, waited).toBe(true);
  await short.stop();
  expect(short.waits()).toBe(false);
});

test("a node that is restarted while the old one leaves is alone then, and says nothing", async () => {
  const start = await nodes();
  const old = await start("one");
  const restarted = await start("one");
  await expect.poll(restarted.waits, waited).toBe(true);
  await old.stop();
  expect(await restarted.uids()).toHaveLength(1);
  restarted.minute();
  // Asked again, it knows: there is nobody to wait for.
  await restarted.uids();
  expect([restarted.waits(), warnings(restarted)]).toEqual([false, []]);
});
