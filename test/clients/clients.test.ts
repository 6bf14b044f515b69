// The clients of examples/clients in one room: every ordered pair of languages, over lines that are cut.
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { afterAll, beforeAll, expect, test, type TestContext } from "vitest";
import { listen } from "../serving.ts";
import { centrifugePath, type Chatter, chatterOf, letBack, rawPath, shutOut } from "./chatter.ts";
import { chatterInPage, noChromium } from "./page-chatter.ts";
import { examples, mostLines, prepare, recipes, recovering } from "./recipes.ts";

const rooms = defineChannel("public:{name}", { history: { size: 1_000, ttlMs: 300_000 } });
const tide = createTidewire({ channels: [rooms], mode: "development" });
const server = createServer();
const languages = ["browser", ...recipes.map(({ language }) => language)];
const pairs = languages.flatMap((speaker) => languages.map((listener) => ({ speaker, listener })));
const others = pairs.filter(({ speaker, listener }) => speaker !== listener);
/** What one that loses nothing calls itself. */
const again = (language: string): string => `recovering ${language}`;

const chatters = new Map<string, Chatter>();
const reasons = new Map<string, string>();

beforeAll(async () => {
  tide.attach(server);
  await tide.start();
  const port = await listen(server);
  if (noChromium === null) chatters.set("browser", await chatterInPage(port));
  else reasons.set("browser", noChromium);
  const all = [
    ...recipes.map((recipe) => ({ recipe, name: recipe.language, path: rawPath })),
    ...recovering.map((recipe) => ({ recipe, name: again(recipe.language), path: centrifugePath })),
  ];
  for (const { recipe, ...place } of all) {
    const reason = await prepare(recipe);
    if (reason === null) chatters.set(place.name, await chatterOf(recipe, { port, ...place }));
    else reasons.set(place.name, reason);
  }
}, 180_000);

afterAll(async () => {
  for (const chatter of chatters.values()) await chatter.stop();
  await tide.stop({ drainMs: 1 });
  server.close();
});

/** Skips the test where the client could not be built. */
function chatter(name: string, { skip }: TestContext): Chatter {
  return chatters.get(name) ?? skip(reasons.get(name));
}

async function heardFrom(listener: Chatter, beginning: string): Promise<readonly string[]> {
  return (await listener.heard()).filter((shown) => shown.startsWith(beginning));
}

test.for(others)("$speaker and $listener, whose line is cut", async (pair, context) => {
  const speaker = chatter(pair.speaker, context);
  const listener = chatter(pair.listener, context);
  await speaker.say(`to ${pair.listener} before`);
  await listener.hears(`${pair.speaker}: to ${pair.listener} before`);
  await shutOut(listener);
  await listener.say(`for ${pair.speaker} while cut`);
  await letBack(listener);
  await speaker.hears(`${pair.listener}: for ${pair.speaker} while cut`);
  await listener.hears(`${pair.listener}: for ${pair.speaker} while cut`);
  await speaker.say(`to ${pair.listener} after`);
  await listener.hears(`${pair.speaker}: to ${pair.listener} after`);
  const [heard, said] = [`${pair.speaker}: to ${pair.listener}`, `${pair.listener}: for ${pair.speaker} while`];
  expect(await heardFrom(listener, heard)).toEqual([`${heard} before`, `${heard} after`]);
  expect(await heardFrom(speaker, said)).toHaveLength(1);
});

test.for(recovering)(
  "recovering $language hears what was said while its line was cut",
  async ({ language }, context) => {
    const speaker = chatter("node", context);
    const listener = chatter(again(language), context);
    await shutOut(listener);
    const texts = ["one", "two", "three"].map((text) => `missed by ${language}: ${text}`);
    for (const text of texts) await speaker.say(text);
    await speaker.hears(`node: ${texts[2]}`);
    await letBack(listener);
    await listener.hears(`node: ${texts[2]}`);
    expect(await heardFrom(listener, `node: missed by ${language}`)).toEqual(texts.map((text) => `node: ${text}`));
  },
);

test.for(recovering)("recovering $language is heard once, though the answer is lost", async ({ language }, context) => {
  const name = again(language);
  const speaker = chatter(name, context);
  await speaker.line.set({ stopWriting: true }, { direction: "down" });
  await speaker.say("answered into the void");
  for (const each of chatters.values()) if (each !== speaker) await each.hears(`${name}: answered into the void`);
  speaker.line.cut("reset");
  await speaker.line.clear();
  await speaker.say("goes on");
  for (const each of chatters.values()) {
    await each.hears(`${name}: goes on`);
    expect(await heardFrom(each, `${name}: answered into the void`)).toHaveLength(1);
  }
});

test(`no client is longer than ${mostLines} lines, blank ones too`, () => {
  const isSource = (file: string): boolean => /\.(?:html|mjs|py|go|rs|java)$/.test(file);
  const sources = readdirSync(examples, { recursive: true, encoding: "utf8" }).filter(isSource);
  const chats = sources.filter((file) => !file.includes("recovering"));
  expect(chats).toHaveLength(languages.length);
  for (const source of chats) {
    const lines = readFileSync(path.join(examples, source), "utf8").trimEnd().split("\n");
    expect(lines.length, source).toBeLessThanOrEqual(mostLines);
  }
});
