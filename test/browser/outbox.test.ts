// An outbox in Chromium: what was written without a connection is published once and in order, over reloads and in two tabs.
import path from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { serve, type Served } from "../serving.ts";
import { withChromium } from "./harbor.ts";
import { freePort } from "./server-process.ts";
import { servePage } from "./vite-page.ts";
import { Wire } from "./wire.ts";

const chrome = withChromium();
const apiKey = "a key for the tests";

interface Place {
  readonly context: BrowserContext;
  /** Opens the page in a tab. */
  readonly tab: () => Promise<Page>;
  /** Lets there be a server. */
  readonly start: () => Promise<Served>;
}

async function makePlace(): Promise<Place> {
  const { url } = await servePage(path.join(import.meta.dirname, "fixtures/outbox"));
  const port = await freePort();
  const context = await chrome.browser.newContext();
  onTestFinished(() => context.close());
  const address = `${url}/?server=${encodeURIComponent(`ws://127.0.0.1:${port}/connection/websocket`)}`;
  return {
    context,
    tab: async () => {
      const page = await context.newPage();
      await page.goto(address);
      await page.waitForFunction(() => window.lines !== undefined && !window.lines().startsWith("opening"));
      return page;
    },
    start: async () => await serve({ apiKey, port }),
  };
}

const write = async (page: Page, text: string): Promise<void> =>
  await page.evaluate((given) => window.write(given), text);

/** Resolves when the page shows these lines, all in this state. */
async function shows(page: Page, texts: readonly string[], state: string): Promise<void> {
  const wanted = ["lasting", ...texts.map((text) => `${text} ${state}`)].join(", ");
  await page.waitForFunction((given) => window.lines() === given, wanted);
}

async function reloaded(page: Page): Promise<void> {
  await page.reload();
  await page.waitForFunction(() => window.lines !== undefined && !window.lines().startsWith("opening"));
}

/** What has been published, as the server has it. */
async function history({ httpUrl }: Served): Promise<readonly unknown[]> {
  const response = await fetch(`${httpUrl}/api/history`, {
    method: "POST",
    headers: { "X-API-Key": apiKey, "Content-Type": "application/json" },
    body: JSON.stringify({ channel: "public:outbox", limit: 100 }),
  });
  const { result } = (await response.json()) as { result: { publications: readonly { data: unknown }[] } };
  return result.publications.map(({ data }) => data);
}

test("lines written without a server, before and after a reload, are published once and in order", async () => {
  const { start, tab } = await makePlace();
  const page = await tab();
  const texts = ["one", "two", "three", "four", "five"];
  for (const text of texts.slice(0, 3)) await write(page, text);
  await shows(page, texts.slice(0, 3), "queued");
  await reloaded(page);
  await shows(page, texts.slice(0, 3), "queued");
  for (const text of texts.slice(3)) await write(page, text);
  const served = await start();
  await shows(page, texts, "sent");
  await reloaded(page);
  await shows(page, texts, "sent");
  expect(await history(served)).toEqual(texts);
});

test("a line whose answer was lost with its page is published once", async () => {
  const { start, tab } = await makePlace();
  const served = await start();
  const page = await tab();
  const wire = await Wire.of(page);
  await reloaded(page);
  await write(page, "first");
  await shows(page, ["first"], "sent");
  wire.isDeaf = true;
  await write(page, "one");
  await write(page, "two");
  while ((await history(served)).length < 2) await page.evaluate(() => new Promise(requestAnimationFrame));
  expect(await page.evaluate(() => window.lines())).toBe("lasting, first sent, one sending, two queued");
  wire.isDeaf = false;
  await reloaded(page);
  await shows(page, ["first", "one", "two"], "sent");
  expect(await history(served)).toEqual(["first", "one", "two"]);
});

test("two tabs that write share it: all is published once, also what a closed tab has left", async () => {
  const { start, tab } = await makePlace();
  const [one, other] = [await tab(), await tab()];
  const texts = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`);
  for (const [index, text] of texts.entries()) await write(index % 2 === 0 ? one : other, text);
  await Promise.all([one, other].map((page) => shows(page, texts, "queued")));
  await one.close();
  const third = await tab();
  const served = await start();
  await Promise.all([other, third].map((page) => shows(page, texts, "sent")));
  expect(await history(served)).toEqual(texts);
});
