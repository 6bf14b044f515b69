// The clients of examples/clients in one room: every ordered pair of languages, over lines that are cut.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { afterAll, beforeAll, expect, test, type TestContext } from "vitest";
import { listen } from "../serving.ts";
import { type Chatter, chatterOf } from "./chatter.ts";
import { chatterInPage, noChromium } from "./page-chatter.ts";
import { build, examples, recipes } from "./recipes.ts";

const rooms = defineChannel("public:{name}", { history: { size: 1_000, ttlMs: 300_000 } });
const tide = createTidewire({ channels: [rooms], mode: "development" });
const server = createServer();
const languages = ["browser", ...recipes.map(({ language }) => language)];
const pairs = languages.flatMap((speaker) => languages.map((listener) => ({ speaker, listener })));
const others = pairs.filter(({ speaker, listener }) => speaker !== listener);

const chatters = new Map<string, Chatter>();
const reasons = new Map<string, string>();

beforeAll(async () => {
  tide.attach(server);
  await tide.start();
  const port = await listen(server);
  if (noChromium === null) chatters.set("browser", await chatterInPage(port));
  else reasons.set("browser", noChromium);
  for (const recipe of recipes) {
    const reason = await build(recipe);
    if (reason === null) chatters.set(recipe.language, await chatterOf(recipe, port));
    else reasons.set(recipe.language, reason);
  }
}, 180_000);

afterAll(async () => {
  for (const chatter of chatters.values()) await chatter.stop();
  await tide.stop({ drainMs: 1 });
  server.close();
});

/** Skips the test where the client could not be built. */
function chatter(language: string, { skip }: TestContext): Chatter {
  return chatters.get(language) ?? skip(reasons.get(language));
}

test.for(others)("$speaker speaks to $listener, also while the line of $listener is cut", async (pair, context) => {
  const speaker = chatter(pair.speaker, context);
  const listener = chatter(pair.listener, context);
  const texts = ["before", "while it was cut", "and again", "after"].map((when) => `to ${pair.listener} ${when}`);
  const [before = "", cut = "", again = "", after = ""] = texts;
  await speaker.say(before);
  await listener.hears(`${pair.speaker}: ${before}`);
  await listener.line.set({ refuse: true });
  listener.line.cut("reset");
  await speaker.say(cut);
  await speaker.say(again);
  await speaker.hears(`${pair.speaker}: ${again}`);
  await listener.line.clear();
  await speaker.say(after);
  await listener.hears(`${pair.speaker}: ${after}`);
  const heard = (await listener.heard()).filter((shown) => shown.startsWith(`${pair.speaker}: to ${pair.listener} `));
  expect(heard).toEqual(texts.map((text) => `${pair.speaker}: ${text}`));
});

test.for(languages)("what %s says is heard once, though the answer to it is lost", async (language, context) => {
  const speaker = chatter(language, context);
  await speaker.line.set({ stopWriting: true }, { direction: "down" });
  await speaker.say("answered into the void");
  for (const each of chatters.values()) if (each !== speaker) await each.hears(`${language}: answered into the void`);
  speaker.line.cut("reset");
  await speaker.line.clear();
  await speaker.say("goes on");
  for (const each of chatters.values()) {
    await each.hears(`${language}: goes on`);
    expect((await each.heard()).filter((shown) => shown === `${language}: answered into the void`)).toHaveLength(1);
  }
});

test("every client is short: what its language asks for, and no more", () => {
  for (const { language, source, most } of recipes) {
    const lines = readFileSync(path.join(examples, language, source), "utf8").split("\n");
    expect(lines.filter((line) => line.trim() !== "").length, language).toBeLessThanOrEqual(most);
  }
});
