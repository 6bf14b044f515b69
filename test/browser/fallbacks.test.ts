// The unmodified SDK in Chromium behind a proxy that lets no WebSocket through: it falls back, and loses nothing over cuts.
import { createServer, request as forward, type ServerResponse } from "node:http";
import path from "node:path";
import type { Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { listen, open, serve, type Served } from "../serving.ts";
import { withChromium } from "./harbor.ts";
import { root } from "./server-process.ts";
import { servePage } from "./vite-page.ts";

const chrome = withChromium();

interface Proxy {
  readonly url: string;
  readonly upgrades: () => number;
  /** Cuts what is open. */
  cut(): number;
}

/** As companies have them: HTTP is passed on, an upgrade is refused, and so is what `isRefused`. */
async function proxyTo(served: Served, isRefused: (path: string) => boolean): Promise<Proxy> {
  const answers = new Set<ServerResponse>();
  let upgrades = 0;
  const server = createServer((request, response) => {
    const { url = "", method, headers } = request;
    if (isRefused(url)) return void response.writeHead(403).end();
    answers.add(response);
    const passed = forward({ port: served.port, host: "127.0.0.1", path: url, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.on("error", () => response.destroy());
    });
    passed.on("error", () => response.destroy());
    response.on("close", () => {
      answers.delete(response);
      passed.destroy();
    });
    request.pipe(passed);
  });
  server.on("upgrade", (_request, socket) => {
    upgrades += 1;
    socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
  });
  const port = await listen(server);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${port}`,
    upgrades: () => upgrades,
    cut: () => {
      const { size } = answers;
      for (const answer of answers) answer.destroy();
      return size;
    },
  };
}

interface State {
  readonly transports: readonly string[];
  readonly values: readonly unknown[];
  readonly recoveries: readonly boolean[];
}

/** A page of another origin with the SDK's own build for browsers, subscribed to `public:a`. */
async function client(url: string, build: "centrifuge.js" | "centrifuge.protobuf.js"): Promise<Page> {
  const { url: home } = await servePage({ "index.html": "<!doctype html><title>Fallbacks</title>" });
  const page = await chrome.browser.newPage();
  onTestFinished(() => page.close());
  await page.goto(home);
  await page.addScriptTag({ path: path.join(root, "node_modules/centrifuge/dist", build) });
  await page.evaluate((server) => {
    interface Emitter {
      on(event: string, listener: (context: Record<string, unknown>) => void): void;
    }
    interface Sdk extends Emitter {
      newSubscription(channel: string): Emitter & { subscribe(): void; publish(data: unknown): Promise<unknown> };
      connect(): void;
    }
    const { Centrifuge } = window as unknown as { Centrifuge: new (transports: unknown, options: unknown) => Sdk };
    const transports = ["websocket", "http_stream", "sse"].map((transport) => ({
      transport,
      endpoint: `${transport === "websocket" ? server.replace("http", "ws") : server}/connection/${transport}`,
    }));
    const options = { emulationEndpoint: `${server}/emulation`, minReconnectDelay: 10, maxReconnectDelay: 50 };
    const sdk = new Centrifuge(transports, options);
    const state = { transports: [] as unknown[], values: [] as unknown[], recoveries: [] as unknown[] };
    sdk.on("connected", ({ transport }) => state.transports.push(transport));
    const subscription = sdk.newSubscription("public:a");
    subscription.on("publication", ({ data }) => {
      state.values.push(data instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(data)) : data);
    });
    subscription.on("subscribed", ({ wasRecovering, recovered }) => {
      if (wasRecovering === true) state.recoveries.push(recovered);
    });
    subscription.subscribe();
    sdk.connect();
    Object.assign(window, { state, subscription });
  }, url);
  return page;
}

const stateOf = (page: Page): Promise<State> =>
  page.evaluate(() => (window as unknown as { state: State }).state as State);

/** Publishes from the page, one after the other without waiting. */
const say = (page: Page, values: readonly number[], isProtobuf: boolean): Promise<void> =>
  page.evaluate(
    async ([said, isBinary]) => {
      const { subscription } = window as unknown as { subscription: { publish(data: unknown): Promise<unknown> } };
      const encoder = new TextEncoder();
      await Promise.all(said.map((value) => subscription.publish(isBinary ? encoder.encode(`${value}`) : value)));
    },
    [values, isProtobuf] as const,
  );

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

test.each([
  ["http_stream", "centrifuge.js"],
  ["http_stream", "centrifuge.protobuf.js"],
  ["sse", "centrifuge.js"],
] as const)("%s, by %s", async (transport, build) => {
  const served = await serve();
  const proxy = await proxyTo(served, (url) => transport === "sse" && url.startsWith("/connection/http_stream"));
  const isProtobuf = build === "centrifuge.protobuf.js";
  const page = await client(proxy.url, build);
  const channel = served.tide.channel(open, { name: "a" });
  const heard = async (count: number): Promise<void> =>
    expect.poll(async () => (await stateOf(page)).values.length, { timeout: 20_000 }).toBe(count);
  await expect.poll(() => channel.members().length, { timeout: 20_000 }).toBe(1);
  expect(proxy.upgrades()).toBe(1);

  // More at once than Chromium has connections for.
  await say(page, numbers(1, 40), isProtobuf);
  await heard(40);
  for (const n of numbers(41, 45)) await channel.publish(n);
  await heard(45);

  expect(proxy.cut()).toBeGreaterThanOrEqual(1);
  for (const n of numbers(46, 50)) await channel.publish(n);
  await heard(50);
  await say(page, [51], isProtobuf);
  await heard(51);
  expect(await stateOf(page)).toEqual({
    transports: [transport, transport],
    values: numbers(1, 51),
    recoveries: [true],
  });
});
