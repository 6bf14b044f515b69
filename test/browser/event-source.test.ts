// A browser's own EventSource: it comes back by itself after cuts and a killed server, and loses nothing.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createFaultProxy } from "@tidewire/client/testing";
import type { Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { freePort, nodeOn, temporaryFile } from "../killable-node.ts";
import { serve } from "../serving.ts";
import { withChromium } from "./harbor.ts";
import { servePage } from "./vite-page.ts";

const chrome = withChromium();

interface Heard {
  readonly events: readonly string[];
  readonly lastEventId: string;
  readonly readyState: number;
}

/** A page of another port on this machine, which listens to `url`; what it has heard so far is read by `heard`. */
async function listener(url: string): Promise<Page> {
  const { url: home } = await servePage({ "index.html": "<!doctype html><title>Events</title>" });
  const page = await chrome.browser.newPage();
  onTestFinished(() => page.close());
  await page.goto(home);
  await page.evaluate((address) => {
    const source = new EventSource(address);
    const events: string[] = [];
    const state = { events, lastEventId: "", source };
    for (const type of ["message", "gap", "end"]) {
      source.addEventListener(type, ({ data, lastEventId }: MessageEvent<string>) => {
        events.push(type === "message" ? data : `${type} ${data}`);
        state.lastEventId = lastEventId;
      });
    }
    Object.assign(window, { state });
  }, url);
  return page;
}

function heard(page: Page): Promise<Heard> {
  return page.evaluate(() => {
    const { state } = window as unknown as { state: { events: string[]; lastEventId: string; source: EventSource } };
    return { events: state.events, lastEventId: state.lastEventId, readyState: state.source.readyState };
  });
}

const has = (page: Page, count: number): Promise<unknown> =>
  page.waitForFunction(
    (wanted) => (window as unknown as { state: { events: string[] } }).state.events.length >= wanted,
    count,
  );

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

test("cut off and with its server killed, it hears everything once and in order", async () => {
  const [file, port] = [temporaryFile(), await freePort()];
  let node: ChildProcess = await nodeOn(file, port);
  const proxy = await createFaultProxy({ to: { host: "127.0.0.1", port } });
  onTestFinished(() => proxy.close());
  const publish = async (from: number, to: number): Promise<void> => {
    for (const number of numbers(from, to)) {
      const { status } = await fetch(`http://127.0.0.1:${port}/raw/public:a`, { method: "POST", body: number });
      expect(status).toBe(200);
    }
  };
  const page = await listener(`http://127.0.0.1:${proxy.port}/raw/public:a`);
  await expect.poll(async () => (await heard(page)).readyState).toBe(1);

  await publish(1, 3);
  await has(page, 3);
  expect(proxy.cut("reset")).toBe(1);
  await publish(4, 6);
  await has(page, 6);

  // What was published while it was away is in the file alone when it comes back.
  proxy.cut("end");
  await publish(7, 9);
  const killed = once(node, "exit");
  node.kill("SIGKILL");
  await killed;
  node = await nodeOn(file, port);
  await publish(10, 12);
  await has(page, 12);
  expect(await heard(page)).toMatchObject({ events: numbers(1, 12), readyState: 1 });
  expect((await heard(page)).lastEventId).toMatch(/:12$/);
});

test("refused for a while it will come back, refused for good it will not", async () => {
  const full = await serve({ limits: { connections: 1 } });
  const taken = new AbortController();
  onTestFinished(() => taken.abort());
  const headers = { Accept: "text/event-stream" };
  const stream = await fetch(`${full.httpUrl}/raw/lobby`, { headers, signal: taken.signal });
  expect(stream.status).toBe(200);
  const patient = await listener(`${full.httpUrl}/raw/lobby`);
  await has(patient, 1);
  const { events, readyState } = await heard(patient);
  expect([events, readyState]).toEqual([[expect.stringContaining("too many connections")], 0]);

  const closed = await serve({ access: { subscribe: () => false } });
  const refused = await listener(`${closed.httpUrl}/raw/lobby`);
  await expect.poll(async () => (await heard(refused)).readyState).toBe(2);
  expect((await heard(refused)).events).toEqual([]);
});
