// The standalone server and Harbor on a NATS, by what the environment says.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, type TestContext } from "vitest";
import { parseConfig } from "../../apps/harbor/server/config.ts";
import { startHarbor } from "../../apps/harbor/server/harbor.ts";
import { readSettings } from "../../packages/tidewire/src/settings.ts";
import { startStandalone } from "../../packages/tidewire/src/standalone.ts";
import { connected, listening } from "../centrifuge-client.ts";
import { NatsServer } from "../services/nats.ts";
import { RecordedLog } from "../serving.ts";

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "tidewire-"));
  context.onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

it("two standalone servers are one: what the API of one is given, a reader at the other gets", async (context) => {
  const nats = await NatsServer.forTest(context, { settings: "authorization { user: app, password: word }" });
  const start = async (): Promise<Awaited<ReturnType<typeof startStandalone>>> => {
    const env = { TIDEWIRE_ENGINE: `nats://app@127.0.0.1:${nats.port}`, TIDEWIRE_ENGINE_PASSWORD: "word" };
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
});

it("a wrong password ends the start with a sentence, which does not say it", async (context) => {
  const nats = await NatsServer.forTest(context, { settings: "authorization { user: app, password: right }" });
  const env = { TIDEWIRE_ENGINE: `nats://app:mistaken@127.0.0.1:${nats.port}` };
  const settings = readSettings({ port: "0", data: temporaryFolder(context) }, env);
  const log = new RecordedLog();
  await expect(startStandalone(settings, log)).rejects.toThrow(/NATS cannot be used: .*authorization violation/i);
  expect(JSON.stringify(log.lines)).not.toContain("mistaken");
});

it("Harbor keeps its messages there", async (context) => {
  const nats = await NatsServer.forTest(context);
  const env = { PORT: "0", TIDEWIRE_DATA: temporaryFolder(context), TIDEWIRE_ENGINE: nats.url };
  const harbor = await startHarbor(parseConfig(env, []), new RecordedLog());
  try {
    const reader = await listening(await connected(`ws://127.0.0.1:${harbor.port}`), "feed:numbers");
    await reader.until(({ values }) => values.length > 0);
    const messages = await nats.asOperator(async ({ streams }) => (await streams.info("tidewire-logs")).state.messages);
    expect(messages).toBeGreaterThan(0);
  } finally {
    await harbor.stop();
  }
});
