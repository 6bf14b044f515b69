// React's development build in StrictMode, with Vite's hot reload: one socket and one subscription, by the server's count.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { serve } from "../serving.ts";
import { withChromium } from "./harbor.ts";
import { servePage } from "./vite-page.ts";

const chrome = withChromium();

test("mounting, StrictMode's second mount, a hot reload and a remount are one upgrade and one subscription", async () => {
  const { tide, socketUrl, httpUrl } = await serve({ apiKey: "a key for the tests" });
  const { url, folder } = await servePage(path.join(import.meta.dirname, "fixtures/strict"));
  const page = await chrome.browser.newPage();
  onTestFinished(() => page.close());
  const counted = (): unknown => {
    const { counters } = tide.stats();
    return { upgrades: counters["upgrades"], subscribed: counters["subscribed"] };
  };
  const publish = async (data: string): Promise<void> => {
    const response = await fetch(`${httpUrl}/api/publish`, {
      method: "POST",
      headers: { "X-API-Key": "a key for the tests", "Content-Type": "application/json" },
      body: JSON.stringify({ channel: "public:strict", data }),
    });
    expect(response.status).toBe(200);
  };
  const texts = page.getByTestId("texts");

  await page.goto(`${url}/?server=${encodeURIComponent(`${socketUrl}/connection/websocket`)}`);
  await page.getByTestId("status").getByText("live").waitFor();
  await publish("one");
  await texts.getByText("one", { exact: true }).waitFor();
  // The second mount is the development build's own doing; without it nothing would be shown here.
  expect(await page.evaluate(() => window.mounts)).toBe(2);
  expect(counted()).toEqual({ upgrades: 1, subscribed: 1 });

  await page.getByRole("button", { name: "clicked 0" }).click();
  const component = path.join(folder, "room.tsx");
  writeFileSync(component, readFileSync(component, "utf8").replace("before the change", "after the change"));
  await page.getByRole("heading", { name: "after the change" }).waitFor();
  await page.getByRole("button", { name: "clicked 1" }).waitFor();
  await publish("two");
  await texts.getByText("one two", { exact: true }).waitFor();
  await publish("three");
  await texts.getByText("one two three", { exact: true }).waitFor();
  expect(counted()).toEqual({ upgrades: 1, subscribed: 1 });

  // While it is live: the old one goes, the new one comes, goes and comes, and finds the subscription as it was.
  await page.getByRole("button", { name: "mount anew" }).click();
  await page.getByRole("button", { name: "clicked 0" }).waitFor();
  expect(await page.evaluate(() => window.mounts)).toBe(4);
  await publish("four");
  await texts.getByText("four", { exact: true }).waitFor();
  await page.getByTestId("status").getByText("live").waitFor();
  expect(counted()).toEqual({ upgrades: 1, subscribed: 1 });
});
