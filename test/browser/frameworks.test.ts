// The examples of other frameworks, started as their readers start them and used in two windows of Chromium.
import { createHmac } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chromiumPath } from "../../tools/chromium-launch.ts";
import { PackedPackages } from "../packed-packages.ts";
import { chatBetween, lines, logIn, openWindow } from "./example-windows.ts";
import { withChromium } from "./harbor.ts";
import { freePort, startExample } from "./started-example.ts";

/** Says `{ sub: "Ada" }`, signed with another secret. */
function forgedToken(): string {
  const claims = ['{"alg":"HS256"}', '{"sub":"Ada"}'].map((part) => Buffer.from(part).toString("base64url")).join(".");
  return `${claims}.${createHmac("sha256", "x".repeat(32)).update(claims).digest("base64url")}`;
}

const chrome = withChromium();
let packed: PackedPackages;

beforeAll(async () => {
  if (chromiumPath !== undefined) packed = await PackedPackages.make();
}, 120_000);
afterAll(() => {
  if (chromiumPath !== undefined) packed.remove();
});

test("node:http: two windows on a plain WebSocket, beside the page's own route", async () => {
  const url = await startExample(packed, "http", { PORT: "0" });
  await chatBetween([await openWindow(chrome.browser, url), await openWindow(chrome.browser, url)]);
  expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
});

test("Express: the session's user is who writes, and nobody else comes in", async () => {
  const url = await startExample(packed, "express", { PORT: "0" });
  const [ada, bob] = [await openWindow(chrome.browser, url), await openWindow(chrome.browser, url)];
  await logIn(ada, "Ada");
  await logIn(bob, "Bob");
  await chatBetween([ada, bob], ["Ada: ", "Bob: "]);

  const stranger = await openWindow(chrome.browser, url);
  await stranger.getByLabel("Name").waitFor();
  expect(await stranger.getByRole("button", { name: "Send" }).isVisible()).toBe(false);
  // A cookie that somebody made up is nobody's, and the routes beside it answer.
  await stranger.context().addCookies([{ name: "connect.sid", value: "s%3Aada.signature", url }]);
  await stranger.reload();
  await stranger.getByLabel("Name").waitFor();
  const refused = await fetch(`${url}/login`, { method: "POST", body: new URLSearchParams({ name: "<b>" }) });
  expect([refused.status, await refused.text()]).toEqual([400, "1 to 20 letters"]);
});

test("Fastify: a route validates and publishes, and both windows listen to the channel", async () => {
  const url = await startExample(packed, "fastify", { PORT: "0" });
  const windows = [await openWindow(chrome.browser, url), await openWindow(chrome.browser, url)] as const;
  await windows[0].getByLabel("Name").fill("Ada");
  await windows[1].getByLabel("Name").fill("Bob");
  await chatBetween(windows, ["Ada: ", "Bob: "]);

  const post = async (path: string, body: object): Promise<number> => {
    const headers = { "content-type": "application/json" };
    return (await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) })).status;
  };
  expect(await post("/lines", { author: "Eve", text: "x".repeat(1001) })).toBe(400);
  // The route is the only way: the channel itself takes nothing from clients.
  expect(await post("/raw/lobby", { author: "Ada", text: "I am not Ada" })).toBe(403);
  expect(await lines(windows[0], "and you")).toHaveLength(2);
});

test("Hono: a route signs tokens, and who has none does not come in", async () => {
  const url = await startExample(packed, "hono", { PORT: "0" });
  const windows = [await openWindow(chrome.browser, url), await openWindow(chrome.browser, url)] as const;
  await logIn(windows[0], "Ada");
  await logIn(windows[1], "Bob");
  await chatBetween(windows, ["Ada: ", "Bob: "]);

  const refused = await fetch(`${url}/token`, { method: "POST", body: new URLSearchParams({ name: "<b>" }) });
  expect([refused.status, await refused.text()]).toEqual([400, "1 to 20 letters"]);
  const huge = await fetch(`${url}/token`, { method: "POST", body: new URLSearchParams({ name: "b".repeat(2000) }) });
  expect(huge.status).toBe(413);
  const forged = await fetch(`${url}/raw/chat:lobby`, {
    method: "POST",
    headers: { authorization: `Bearer ${forgedToken()}` },
    body: "I am Ada",
  });
  expect(forged.status).toBe(401);
});

test("Koa: the signed cookie's user is who writes, and a cookie that somebody made up is nobody's", async () => {
  const url = await startExample(packed, "koa", { PORT: "0" });
  const [ada, bob] = [await openWindow(chrome.browser, url), await openWindow(chrome.browser, url)];
  await logIn(ada, "Ada");
  await logIn(bob, "Bob");
  await chatBetween([ada, bob], ["Ada: ", "Bob: "]);

  const stranger = await openWindow(chrome.browser, url);
  await stranger.context().addCookies([
    { name: "user", value: "Ada", url },
    { name: "user.sig", value: "c2lnbmF0dXJl", url },
  ]);
  await stranger.reload();
  await stranger.getByLabel("Name").waitFor();
  expect(await stranger.getByRole("button", { name: "Send" }).isVisible()).toBe(false);
  const refused = await fetch(`${url}/login`, { method: "POST", body: new URLSearchParams({ name: "<b>" }) });
  expect([refused.status, await refused.text()]).toEqual([400, "1 to 20 letters"]);
  expect((await fetch(`${url}/modules/client/../../package.json`)).status).toBe(404);
});

test("Vite and React: the page on one port, the server on another", async () => {
  const [port, pagePort] = [await freePort(), await freePort()];
  const url = await startExample(packed, "vite-react", {
    PORT: String(port),
    PAGE_PORT: String(pagePort),
    VITE_TIDEWIRE_URL: `ws://localhost:${port}`,
  });
  expect(new URL(url).port).not.toBe(String(port));
  const windows = [await openWindow(chrome.browser, url), await openWindow(chrome.browser, url)] as const;
  await Promise.all(windows.map((page) => page.getByText("live, 2 here").waitFor()));
  await chatBetween(windows);
});
