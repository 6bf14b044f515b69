// The guide's page in Chromium: it shows and rests as step 4 says, and misses nothing of what step 5 does to it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { type Block, blocksOf } from "../documents/blocks.ts";
import { hasCurl, pageOf, Program } from "../documents/program.ts";
import { withChromium } from "./harbor.ts";
import { balance } from "../least-balancer.ts";
import { RedisServer } from "../services/redis.ts";
import { freePort } from "./server-process.ts";

const chrome = withChromium();

/** The ports of a page, and the free ones that stand for them. */
type Ports = Readonly<Record<string, number>>;

async function portsFor(...written: readonly string[]): Promise<Ports> {
  return Object.fromEntries(await Promise.all(written.map(async (port) => [port, await freePort()] as const)));
}

const withPorts = (text: string, ports: Ports): string =>
  Object.entries(ports).reduce((result, [written, port]) => result.replaceAll(written, String(port)), text);

function commandOf(blocks: readonly Block[], word: string, ports: Ports): string {
  const found = blocks.find(({ language, words }) => language === "sh" && words.includes(word));
  if (found === undefined) throw new Error(`the page has no command "${word}"`);
  return withPorts(found.text, ports);
}

/** Starts Vite as the page says, and opens its address; in the page's program the ports are the test's. */
async function openPage(command: string, ports: Ports): Promise<Page> {
  const vite = Program.start(command);
  const [, url = ""] = await vite.until(/(http:\/\/localhost:\d+\/)/);
  const page = await chrome.browser.newPage();
  onTestFinished(() => page.close());
  await page.route("**/main.tsx*", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: withPorts(await response.text(), ports) });
  });
  await page.goto(url);
  return page;
}

/** The numbers that are shown, with their places where they have one. */
async function shown(page: Page): Promise<readonly { readonly number: number; readonly place: number }[]> {
  return await page.evaluate(() =>
    Array.from(document.querySelectorAll("li"), (item) => ({ number: Number(item.textContent), place: item.value })),
  );
}

/** Waits until the list has grown by two. */
async function growth(page: Page): Promise<void> {
  const count = await page.locator("li").count();
  await page
    .locator("li")
    .nth(count + 1)
    .waitFor();
}

test.skipIf(!hasCurl)("04-react: numbers come, rest, and are all there after it", async () => {
  const blocks = blocksOf(pageOf("04-react.md"));
  const ports = await portsFor("8080");
  const server = Program.start(commandOf(blocks, "server", ports), { PORT: String(ports["8080"]) });
  await server.until(/listening on/);
  const page = await openPage(commandOf(blocks, "page", ports), ports);
  await growth(page);
  const stream = Program.say(
    "sh",
    `curl -sN -H "Accept: text/event-stream" localhost:${ports["8080"]}/raw/feed:numbers`,
  );
  await stream.until(/data: /);

  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Resume" }).waitFor();
  const before = (await shown(page)).map(({ number }) => number);
  const toldBefore = told(stream.output).length;
  await expect.poll(() => told(stream.output).length, { timeout: 20_000 }).toBeGreaterThan(toldBefore + 2);
  expect(await page.locator("li").count()).toBeLessThan(before.length + 2);

  await page.getByRole("button", { name: "Resume" }).click();
  await growth(page);
  const after = (await shown(page)).map(({ number }) => number);
  // The stream began while the page was open: what both were told is the same, without a hole.
  await expect.poll(() => commonEnd(after, told(stream.output)), { timeout: 20_000 }).toBeGreaterThan(3);
});

const told = (output: string): readonly number[] =>
  [...output.matchAll(/data: (\d+)\n/g)].map(([, each]) => Number(each));

/** How many numbers the end of `page` has in common with a run of `stream`, as far as that reaches back; 0: it is no run. */
function commonEnd(page: readonly number[], stream: readonly number[]): number {
  const counts = page
    .map((_number, from) => page.slice(from))
    .filter((end) => `,${stream.join()},`.includes(`,${end.join()},`));
  return counts[0]?.length ?? 0;
}

test.skipIf(!hasCurl)("05-cut-the-wire: a cut and a kill -9 leave the places consecutive", async () => {
  const blocks = blocksOf(pageOf("05-cut-the-wire.md"));
  const ports = await portsFor("8080", "9090", "9091");
  const database = temporaryDatabase();
  const startServer = async (): Promise<Program> => {
    const server = Program.start(commandOf(blocks, "server", ports), {
      PORT: String(ports["8080"]),
      DATABASE: database,
    });
    await server.until(/listening on/);
    return server;
  };
  const server = await startServer();
  const proxy = Program.start(commandOf(blocks, "proxy", ports));
  await proxy.until(/Control/);
  const page = await openPage(commandOf(blocks, "page", ports), ports);
  const connected = page.getByText("connected, nothing is missing");
  await connected.waitFor();
  await growth(page);

  await Program.say("sh", commandOf(blocks, "cut", ports)).until(/"cut":1/);
  // By the proxy's word, since the page says `waiting` for half a second only.
  await proxy.until(/#1 cut by reset[^]*#2 opened/);
  await connected.waitFor();
  await growth(page);
  const faults = Program.say("sh", commandOf(blocks, "faults", ports));
  await faults.until(/"delayMs":300/);

  await server.kill();
  await proxy.until(/#2 closed[^]*#3 opened/);
  await startServer();
  await connected.waitFor();
  await growth(page);
  const places = (await shown(page)).map(({ place }) => place);
  expect(places.length).toBeGreaterThan(5);
  expect(places).toEqual(places.map((_place, index) => (places[0] ?? 0) + index));
});

test("06-two-nodes: the page goes on at the other node when its own is killed", async (context) => {
  const { url } = await RedisServer.forTest(context);
  const blocks = blocksOf(pageOf("06-two-nodes.md"));
  const ports = await portsFor("8080", "8081");
  const startNode = async (word: "one" | "two", written: string): Promise<Program> => {
    const node = Program.start(commandOf(blocks, word, ports), { REDIS: url, PORT: String(ports[written]) });
    await node.until(/listening on/);
    return node;
  };
  const first = await startNode("one", "8080");
  const page = await openPage(commandOf(blocks, "page", ports), { "9090": await balance(Object.values(ports)) });
  const connected = page.getByText("connected, nothing is missing");
  await connected.waitFor();
  await growth(page);

  await startNode("two", "8081");
  await first.kill();
  // The first two that come after the lease of the first, which held the source.
  await growth(page);
  await connected.waitFor();
  const places = (await shown(page)).map(({ place }) => place);
  expect(places.length).toBeGreaterThan(3);
  expect(places).toEqual(places.map((_place, index) => (places[0] ?? 0) + index));
});

/** Removed when the test has ended; its programs were begun later, so they are gone by then. */
function temporaryDatabase(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "tidewire-guide-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  return path.join(folder, "guide.db");
}
