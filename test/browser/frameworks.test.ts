// The examples of other frameworks, started as their readers start them and used in two windows of Chromium.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { chromiumPath } from "../../tools/chromium-launch.ts";
import { PackedPackages } from "../packed-packages.ts";
import { withChromium } from "./harbor.ts";
import { startExample } from "./started-example.ts";

const chrome = withChromium();
let packed: PackedPackages;

beforeAll(async () => {
  if (chromiumPath !== undefined) packed = await PackedPackages.make();
}, 120_000);
afterAll(() => {
  if (chromiumPath !== undefined) packed.remove();
});

/** A window with cookies of its own, in which nothing may be thrown uncaught. */
async function openWindow(url: string): Promise<Page> {
  const context = await chrome.browser.newContext();
  const page = await context.newPage();
  const thrown: Error[] = [];
  page.on("pageerror", (error) => thrown.push(error));
  onTestFinished(async () => {
    await context.close();
    expect(thrown).toEqual([]);
  });
  await page.goto(url);
  return page;
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message").fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

/** Waits for the last line, and gives all of them. */
async function lines(page: Page, last: string): Promise<readonly string[]> {
  await page.getByRole("listitem").filter({ hasText: last }).waitFor();
  return await page.getByRole("listitem").allInnerTexts();
}

/** Each window says something, and each sees both, in the same order. */
async function chatBetween(windows: readonly [Page, Page], names: readonly [string, string] = ["", ""]): Promise<void> {
  const [first, second] = windows;
  const heard = [`${names[0]}hello <b>you</b>`, `${names[1]}and you`];
  await say(first, "hello <b>you</b>");
  await lines(second, heard[0] ?? "");
  await say(second, "and you");
  for (const page of windows) expect(await lines(page, heard[1] ?? "")).toEqual(heard);
}

test("node:http: two windows on a plain WebSocket, beside the page's own route", async () => {
  const url = await startExample(packed, "http", { PORT: "0" });
  await chatBetween([await openWindow(url), await openWindow(url)]);
  expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
});

test("Express: the session's user is who writes, and nobody else comes in", async () => {
  const url = await startExample(packed, "express", { PORT: "0" });
  const [ada, bob] = [await openWindow(url), await openWindow(url)];
  for (const [page, name] of [
    [ada, "Ada"],
    [bob, "Bob"],
  ] as const) {
    await page.getByLabel("Name").fill(name);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("button", { name: "Send" }).waitFor();
  }
  await chatBetween([ada, bob], ["Ada: ", "Bob: "]);

  const stranger = await openWindow(url);
  await stranger.getByLabel("Name").waitFor();
  expect(await stranger.getByRole("button", { name: "Send" }).isVisible()).toBe(false);
  // A cookie that somebody made up is nobody's, and the routes beside it answer.
  await stranger.context().addCookies([{ name: "connect.sid", value: "s%3Aada.signature", url }]);
  await stranger.reload();
  await stranger.getByLabel("Name").waitFor();
  const refused = await fetch(`${url}/login`, { method: "POST", body: new URLSearchParams({ name: "<b>" }) });
  expect([refused.status, await refused.text()]).toEqual([400, "1 to 20 letters"]);
});

test("Vite and React: the page on one port, the server on another", async () => {
  const [port, pagePort] = [await freePort(), await freePort()];
  const url = await startExample(packed, "vite-react", {
    PORT: String(port),
    PAGE_PORT: String(pagePort),
    VITE_TIDEWIRE_URL: `ws://localhost:${port}`,
  });
  expect(new URL(url).port).not.toBe(String(port));
  const windows = [await openWindow(url), await openWindow(url)] as const;
  await Promise.all(windows.map((page) => page.getByText("live, 2 here").waitFor()));
  await chatBetween(windows);
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await once(probe.listen(0, "localhost"), "listening");
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
