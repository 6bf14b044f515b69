// The two ways of a bridge into channels: beside the server and through its API, refusals and all.
import { httpPublisher, type Publisher, serverPublisher } from "@tidewire/bridges";
import { defineChannel, TidewireError } from "@tidewire/protocol";
import { expect, test } from "vitest";
import { z } from "zod";
import { serve, type Served } from "./serving.ts";

const prices = defineChannel("prices:{of}", { data: z.object({ price: z.number() }), publishers: "server" });
const hidden = defineChannel("hidden");
const apiKey = "a key for tests";

const ways: readonly (readonly [string, (served: Served) => Publisher])[] = [
  ["in the server's process", ({ tide }) => serverPublisher(tide, [prices])],
  ["through the server API", ({ httpUrl }) => httpPublisher({ url: `${httpUrl}/api`, apiKey })],
];

const reasonOf = async (publish: Promise<void>): Promise<string> =>
  publish.then(
    () => "published",
    (thrown: unknown) => (thrown instanceof TidewireError ? thrown.reason : String(thrown)),
  );

test.each(ways)("%s a key counts once, and refusals have their reasons", async (_, way) => {
  const served = await serve({ channels: [prices, hidden], apiKey });
  const publisher = way(served);
  await publisher.publish("prices:milk", { price: 1 }, { idempotencyKey: "a", tags: { of: "shop" } });
  await publisher.publish("prices:milk", { price: 1 }, { idempotencyKey: "a" });
  await publisher.publish("prices:milk", { price: 2 }, { idempotencyKey: "b" });
  const history = await served.tide.channel(prices, { of: "milk" }).history(10);
  expect(history.map(({ data }) => data)).toEqual([{ price: 1 }, { price: 2 }]);
  expect(await reasonOf(publisher.publish("prices:milk", { price: "x" }, { idempotencyKey: "c" }))).toBe(
    "invalid_data",
  );
  expect(await reasonOf(publisher.publish("prices:milk", { price: 3 }, { idempotencyKey: "a" }))).toBe("conflict");
  expect(await reasonOf(publisher.publish("nobody:knows", 1, { idempotencyKey: "d" }))).toBe("unknown_channel");
});

test("in the server's process only the channels that were named are published on", async () => {
  const { tide } = await serve({ channels: [prices, hidden] });
  const publisher = serverPublisher(tide, [prices]);
  expect(await reasonOf(publisher.publish("hidden", 1, { idempotencyKey: "a" }))).toBe("unknown_channel");
});

test("a wrong key of the API, or an address that is no server, is not a publication's fault", async () => {
  const { httpUrl } = await serve({ channels: [prices], apiKey });
  const through = (url: string, key: string): Promise<string> =>
    reasonOf(httpPublisher({ url, apiKey: key }).publish("prices:milk", { price: 1 }, { idempotencyKey: "a" }));
  expect(await through(`${httpUrl}/api`, "wrong")).toBe("unauthorized");
  expect(await through(`${httpUrl}/elsewhere`, apiKey)).toMatch(/^SyntaxError/);
  expect(await through("http://127.0.0.1:1/api", apiKey)).toBe("Error: connect ECONNREFUSED 127.0.0.1:1");
});
