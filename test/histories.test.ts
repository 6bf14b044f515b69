// Histories by place: what is kept is read, by whoever has a place of its own, and nobody notices.
import { defineChannel } from "@tidewire/protocol";
import { expect, test } from "vitest";
import { engineNames, engines } from "./engines.ts";
import { lobby, serve } from "./serving.ts";

const news = defineChannel("news:{id}", { history: { size: 5, ttlMs: 300_000 }, presence: true });
const limit = { publications: 3, bytes: 65_536 };

test.for(engineNames)("are read from a place on, and from the oldest, on %s", async (engine) => {
  const { tide } = await serve({ channels: [lobby, news], ...engines[engine]() });
  const { histories } = tide;
  const [empty] = await histories.tops(["news:a"]);
  expect(empty?.offset).toBe(0);
  const positions = [];
  for (let n = 1; n <= 7; n += 1) positions.push((await tide.channel(news, { id: "a" }).publish(n)).position);
  const epoch = empty?.epoch ?? "";
  expect(await histories.tops(["news:a", "lobby", "nobody's", "a:b:c", "news:b", "news:a"])).toEqual([
    { epoch, offset: 7 },
    null,
    null,
    null,
    { epoch: expect.any(String) as string, offset: 0 },
    { epoch, offset: 7 },
  ]);
  const read = async (after: Parameters<typeof histories.read>[1]): Promise<readonly unknown[]> => {
    const { publications } = await histories.read("news:a", after, limit);
    return publications.map(({ data }) => JSON.parse(new TextDecoder().decode(data)) as unknown);
  };
  expect(await read(null)).toEqual([3, 4, 5]);
  expect(await read(positions[4] ?? null)).toEqual([6, 7]);
  expect(await read({ epoch: "another", offset: 4 })).toEqual([]);
  expect((await histories.read("news:a", null, limit)).floor).toBe(2);
  await expect(histories.read("nobody's", null, limit)).rejects.toMatchObject({
    reason: "unknown_channel",
  });
  expect(tide.stats()).toMatchObject({ channels: 0, subscriptions: 0, members: 0 });
});
