// The WebSocket code of a tutorial in a real browser, unchanged but for the port, against `npm run tidewire -- dev`.
import path from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { chromiumPath } from "../../tools/chromium-launch.ts";
import { withChromium } from "./harbor.ts";
import { root, type ServerProcess, startServer } from "./server-process.ts";
import { servePage } from "./vite-page.ts";

const chrome = withChromium();
const greeting = "Hello! Message From Server!!";
let server: ServerProcess;

beforeAll(async () => {
  if (chromiumPath === undefined) return;
  server = await startServer({
    // The port goes by the environment, since it is chosen later; the flag is the other test's.
    args: [path.join(root, "tools/run.mjs"), "tidewire", "dev"],
    ready: /ready in/,
    env: (port, data) => ({ PORT: String(port), TIDEWIRE_DATA: data }),
  });
});
afterAll(async () => {
  if (chromiumPath !== undefined) await server.stop();
});

const app = (port: number): string => `
import React, { useEffect, useState } from "react";

const App = () => {
  const [messages, setMessages] = useState([]);

  useEffect(() => {
    const socket = new WebSocket("ws://localhost:${port}");

    // Connection opened
    socket.addEventListener("open", (event) => {
      socket.send("Hello Server!");
    });

    // Listen for messages
    socket.addEventListener("message", (event) => {
      console.log("Message from server ", event.data);
      setMessages((prev) => [...prev, event.data]);
    });

    return () => socket.close();
  }, []);

  return (
    <div>
      <h1>Messages</h1>
      <ul>
        {messages.map((message, index) => (
          <li key={index}>{message}</li>
        ))}
      </ul>
    </div>
  );
};

export default App;
`;

const main = `
import React from "react";
import ReactDOM from "react-dom/client";
import App from "./App.jsx";

ReactDOM.createRoot(document.getElementById("root")).render(<App />);
`;

const html = `<!doctype html><title>Tutorial</title><div id="root"></div><script type="module" src="/main.jsx"></script>`;

async function openPage(url: string): Promise<Page> {
  const page = await chrome.browser.newPage();
  onTestFinished(() => page.close());
  await page.goto(url);
  return page;
}

test("a React tutorial's component shows the greeting and what it said; a second window talks to the first", async () => {
  const { url } = await servePage({ "index.html": html, "main.jsx": main, "App.jsx": app(server.port) });
  const first = await openPage(url);
  await first.getByText("Hello Server!").waitFor();
  expect(await first.getByRole("listitem").allInnerTexts()).toEqual([greeting, "Hello Server!"]);
  const second = await openPage(url);
  await second.getByText("Hello Server!").waitFor();
  await first.getByRole("listitem").nth(2).waitFor();
  expect(await second.getByRole("listitem").allInnerTexts()).toEqual([greeting, "Hello Server!"]);
  expect(await first.getByRole("listitem").allInnerTexts()).toEqual([greeting, "Hello Server!", "Hello Server!"]);
});

interface Exchange {
  readonly url: string;
  readonly texts: readonly string[];
  readonly expected: number;
}

/** Opens a bare WebSocket in the page, sends the texts and one binary message, and returns what came. */
async function exchange(page: Page, given: Exchange): Promise<readonly string[]> {
  return await page.evaluate(
    ({ url, texts, expected }) =>
      new Promise<string[]>((resolve, reject) => {
        const came: string[] = [];
        const socket = new WebSocket(url);
        socket.binaryType = "arraybuffer";
        socket.addEventListener("open", () => {
          for (const text of texts) socket.send(text);
          socket.send(new Uint8Array([0, 1, 254, 255]));
        });
        socket.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) => {
          came.push(typeof data === "string" ? data : `bytes ${new Uint8Array(data).join(" ")}`);
          if (came.length < expected) return;
          socket.close();
          resolve(came);
        });
        socket.addEventListener("error", () => reject(new Error(`${url} did not open`)));
      }),
    given,
  );
}

test("a bare WebSocket of a page elsewhere on localhost echoes, broadcasts, and joins the lobby", async () => {
  const { url } = await servePage({ "index.html": "<!doctype html><title>Bare</title>" });
  const page = await openPage(url);
  const texts = ["Hello Server!", "Grüße, 世界 🌊", ""];
  const back = [...texts, "bytes 0 1 254 255"];
  const at = (place: string): string => `ws://localhost:${server.port}${place}`;
  expect(await exchange(page, { url: at("/echo"), texts, expected: 4 })).toEqual(back);
  expect(await exchange(page, { url: at("/raw/lobby"), texts, expected: 5 })).toEqual([greeting, ...back]);
  expect(await exchange(page, { url: at("/"), texts, expected: 5 })).toEqual([greeting, ...back]);
});
