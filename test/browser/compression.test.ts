// A page in Chromium, whose WebSocket offers permessage-deflate by itself, on a server that takes it.
import { expect, onTestFinished, test } from "vitest";
import { open, serve } from "../serving.ts";
import { withChromium } from "./harbor.ts";
import { servePage } from "./vite-page.ts";

const chrome = withChromium();
const long = "the tide goes out, the tide comes in; ".repeat(200);

interface Seen {
  readonly extensions: string;
  readonly echoes: readonly string[];
  readonly news: string;
}

test("what it sends and what it is sent is compressed, and arrives as it was", async () => {
  const served = await serve({ compression: true });
  const { url } = await servePage({ "index.html": "<!doctype html><title>Compression</title>" });
  const page = await chrome.browser.newPage();
  onTestFinished(() => page.close());
  await page.goto(url);
  const echoed = page.evaluate(
    async ({ socketUrl, texts }) => {
      const opened = async (path: string): Promise<WebSocket> => {
        const socket = new WebSocket(socketUrl + path);
        await new Promise((resolve, reject) => {
          socket.addEventListener("open", resolve);
          socket.addEventListener("error", reject);
        });
        return socket;
      };
      const heard = (socket: WebSocket): Promise<string> =>
        new Promise((resolve) => {
          socket.addEventListener("message", ({ data }: MessageEvent<string>) => resolve(data), { once: true });
        });
      const [echo, channel] = [await opened("/echo"), await opened("/raw/public:tide")];
      const news = heard(channel);
      const echoes: string[] = [];
      for (const text of texts) {
        const next = heard(echo);
        echo.send(text);
        echoes.push(await next);
      }
      // What is published from here on is heard.
      document.title = "listening";
      return { extensions: echo.extensions, echoes, news: await news };
    },
    { socketUrl: served.socketUrl, texts: [long, "short", `${long} again`] },
  ) as Promise<Seen>;
  await page.waitForFunction(() => document.title === "listening");
  await served.tide.channel(open, { name: "tide" }).publish({ long });
  const { extensions, echoes, news } = await echoed;
  expect(extensions).toContain("permessage-deflate");
  expect(echoes).toEqual([long, "short", `${long} again`]);
  expect(news).toBe(JSON.stringify({ long }));
  const { counters } = served.tide.stats();
  expect(counters).toMatchObject({ connections_compressed: 2, messages_deflated: 3 });
});
