// The standalone server and Harbor on a Redis, by what the environment says.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, type TestContext } from "vitest";
import { parseConfig } from "../../apps/harbor/server/config.ts";
import { startHarbor } from "../../apps/harbor/server/harbor.ts";
import { readSettings } from "../../packages/tidewire/src/settings.ts";
import { startStandalone } from "../../packages/tidewire/src/standalone.ts";
import { connected, listening } from "../centrifuge-client.ts";
import { RedisServer } from "../services/redis.ts";
import { RedisCluster } from "../services/redis-cluster.ts";
import { WatchedRedis } from "../services/redis-sentinel.ts";
import { RecordedLog } from "../serving.ts";

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "tidewire-"));
  context.onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Two on this engine: what the API of one is given, a reader at the other gets. */
async function expectTogether(context: TestContext, env: Readonly<Record<string, string>>): Promise<void> {
  const start = async (): Promise<Awaited<ReturnType<typeof startStandalone>>> => {
    const settings = readSettings({ port: "0", data: temporaryFolder(context) }, env);
    const standalone = await startStandalone(settings, new RecordedLog());
    context.onTestFinished(() => standalone.stop());
    return standalone;
  };
  const [one, two] = [await start(), await start()];
  const reader = await listening(await connected(`ws://127.0.0.1:${two.port}`), "public:a");
  const response = await fetch(`http://127.0.0.1:${one.port}/api/publish`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": one.apiKey },
    body: JSON.stringify({ channel: "public:a", data: "hello" }),
  });
  expect(await response.json()).toMatchObject({ result: { offset: 1 } });
  await reader.until(({ values }) => values.length === 1);
  expect(reader.values).toEqual(["hello"]);
}

it(
  "two standalone servers are one: what the API of one is given, a reader at the other gets",
  { timeout: 60_000 },
  async (context) => {
    const redis = await RedisServer.forTest(context, {
      settings: { requirepass: "word" },
      url: (port) => `redis://:word@127.0.0.1:${port}`,
    });
    await expectTogether(context, {
      TIDEWIRE_ENGINE: `redis://127.0.0.1:${redis.port}/3`,
      TIDEWIRE_ENGINE_PASSWORD: "word",
    });
  },
);

it("so they are where Sentinels name the primary, with passwords of both", { timeout: 60_000 }, async (context) => {
  const passwords = { password: "word", sentinelPassword: "other" };
  const watched = await WatchedRedis.forTest(context, { replicas: 1, ...passwords });
  await expectTogether(context, {
    TIDEWIRE_ENGINE: `${watched.url}/3`,
    TIDEWIRE_ENGINE_PASSWORD: passwords.password,
    TIDEWIRE_ENGINE_SENTINEL_PASSWORD: passwords.sentinelPassword,
  });
});

it("so they are on a cluster, by some of its nodes", { timeout: 60_000 }, async (context) => {
  const settings = { requirepass: "word", masterauth: "word" };
  const url = (port: number): string => `redis://:word@127.0.0.1:${port}`;
  const cluster = await RedisCluster.forTest(context, { primaries: 2, replicas: 0, settings, url });
  const hosts = cluster.servers.map(({ port }) => `127.0.0.1:${port}`);
  await expectTogether(context, { TIDEWIRE_ENGINE: `redis://:word@127.0.0.1:1,${hosts.join(",")}` });
});

it("a wrong password ends the start with a sentence, which does not say it", { timeout: 60_000 }, async (context) => {
  const redis = await RedisServer.forTest(context, {
    settings: { requirepass: "right" },
    url: (port) => `redis://:right@127.0.0.1:${port}`,
  });
  const env = { TIDEWIRE_ENGINE: `redis://:mistaken@127.0.0.1:${redis.port}` };
  const settings = readSettings({ port: "0", data: temporaryFolder(context) }, env);
  const log = new RecordedLog();
  await expect(startStandalone(settings, log)).rejects.toThrow(/Redis cannot be reached: WRONGPASS/);
  expect(JSON.stringify(log.lines)).not.toContain("mistaken");
});

it("Harbor keeps its messages there", { timeout: 60_000 }, async (context) => {
  const redis = await RedisServer.forTest(context);
  const env = { PORT: "0", TIDEWIRE_DATA: temporaryFolder(context), TIDEWIRE_ENGINE: redis.url };
  const harbor = await startHarbor(parseConfig(env, []), new RecordedLog());
  try {
    const reader = await listening(await connected(`ws://127.0.0.1:${harbor.port}`), "feed:numbers");
    await reader.until(({ values }) => values.length > 0);
    expect(Number(await redis.ask("DBSIZE"))).toBeGreaterThan(0);
  } finally {
    await harbor.stop();
  }
});
