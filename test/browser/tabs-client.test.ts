// Three tabs of a Chromium on one connection, by the server's count; they are closed one by one.
import path from "node:path";
import { tokenOf, tokenSecret } from "@tidewire/server/testing";
import type { Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { serve, type Served } from "../serving.ts";
import { withChromium } from "./harbor.ts";
import { servePage } from "./vite-page.ts";

const chrome = withChromium();

interface Place {
  readonly served: Served;
  /** Opens a tab, and resolves when it is live. */
  readonly tab: () => Promise<Page>;
}

async function makePlace(): Promise<Place> {
  const { url } = await servePage(path.join(import.meta.dirname, "fixtures/tabs"));
  const served = await serve({ tokens: { secret: tokenSecret }, mode: "production", origins: [url] });
  const context = await chrome.browser.newContext();
  onTestFinished(() => context.close());
  await context.exposeFunction("fetchToken", () => tokenOf({ sub: "42", exp: Math.ceil(Date.now() / 1_000) + 60 }));
  const address = `${url}/?server=${encodeURIComponent(`${served.socketUrl}/connection/websocket`)}`;
  return {
    served,
    tab: async () => {
      const page = await context.newPage();
      await page.goto(address);
      await isLive(page);
      return page;
    },
  };
}

const isLive = async (page: Page): Promise<void> =>
  void (await page.waitForFunction(() => window.stands?.() === "connected live"));

async function hears(page: Page, heard: readonly unknown[]): Promise<void> {
  await page.waitForFunction((wanted) => JSON.stringify(window.heard) === wanted, JSON.stringify(heard));
}

const publish = async (page: Page, data: unknown): Promise<void> =>
  await page.evaluate((given) => window.publish(given), data);

const tokensOf = async (page: Page): Promise<number> => await page.evaluate(() => window.tokens);

const counted = ({ tide }: Served): unknown => {
  const { counters } = tide.stats();
  return { upgrades: counters["upgrades"], subscribed: counters["subscribed"] };
};

test("three tabs are one upgrade; those that are left go on, and fetch the token when who fetched it is gone", async () => {
  const { served, tab } = await makePlace();
  const [first, second, third] = [await tab(), await tab(), await tab()];
  expect(counted(served)).toEqual({ upgrades: 1, subscribed: 1 });
  expect(await Promise.all([first, second, third].map(tokensOf))).toEqual([1, 0, 0]);
  for (const [index, page] of [first, second, third].entries()) await publish(page, index);
  for (const page of [first, second, third]) await hears(page, [0, 1, 2]);

  // The one that fetched the token, and with which the worker began.
  await first.close();
  expect(served.tide.cut(await second.evaluate(() => window.session()))).toBe(true);
  await second.waitForFunction(() => window.stands() !== "connected live");
  await Promise.all([second, third].map(isLive));
  expect(await tokensOf(second)).toBe(1);
  expect(counted(served)).toEqual({ upgrades: 2, subscribed: 2 });
  await publish(third, 3);
  for (const page of [second, third]) await hears(page, [0, 1, 2, 3]);

  await second.close();
  await publish(third, 4);
  await hears(third, [0, 1, 2, 3, 4]);
  expect(served.tide.stats().sessions).toBe(1);
  await third.close();
  while (served.tide.stats().sessions > 0) await new Promise((resolve) => setImmediate(resolve));
  const fourth = await tab();
  expect(counted(served)).toEqual({ upgrades: 3, subscribed: 3 });
  await publish(fourth, 5);
  await hears(fourth, [5]);
});

test("a tab that is reloaded takes its place on the connection again", async () => {
  const { served, tab } = await makePlace();
  const [first, second] = [await tab(), await tab()];
  for (let round = 0; round < 3; round += 1) {
    await first.reload();
    await isLive(first);
    await publish(second, round);
    await hears(first, [round]);
  }
  await hears(second, [0, 1, 2]);
  expect(counted(served)).toEqual({ upgrades: 1, subscribed: 1 });
});
