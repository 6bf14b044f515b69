// The news: a plain EventSource reads on after its server was killed, and says so where stories are missing.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { eventually, expectGoodLooks, withExample } from "./example.ts";

const example = withExample("news");

async function publish(editor: Page, headline: string): Promise<void> {
  await editor.getByLabel("Headline").fill(headline);
  await editor.getByRole("button", { name: "Publish" }).click();
}

/** Newest first, without the time. */
async function headlines(page: Page): Promise<readonly string[]> {
  const texts = await page.getByRole("listitem").allInnerTexts();
  return texts.map((text) => text.split(" · ")[0] ?? "");
}

const post = (headline: string, key = example.key): Promise<Response> =>
  fetch(`${example.url}/raw/news`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ headline }),
  });

test("the server is killed: readers go on behind the last story they had", async () => {
  const reader = await example.window();
  const sockets: string[] = [];
  reader.page.on("websocket", (socket) => sockets.push(socket.url()));
  const editor = await example.window(example.key);
  await reader.page.getByText("Live").waitFor();
  await publish(editor.page, "Harbour opens");
  await reader.page.getByText("Harbour opens").waitFor();
  await editor.page.getByText("Harbour opens").waitFor();

  await example.server.crash(async () => {
    await reader.page.getByText("Reconnecting").waitFor();
    await publish(editor.page, "Ferry late");
    await editor.page.getByText("Not published. It is kept here; publish it again.").waitFor();
  });
  // Before the reader can be back.
  expect((await post("Tide turns")).status).toBe(200);
  await editor.page.getByRole("button", { name: "Publish" }).click();
  await reader.page.getByText("Ferry late").waitFor();
  const all = ["Ferry late", "Tide turns", "Harbour opens", "The newsroom is open"];
  expect(await headlines(reader.page)).toEqual(all);
  await eventually(() => headlines(editor.page)).toEqual(all);

  // Who comes later reads the same.
  const late = await example.window();
  await late.page.getByText("Ferry late").waitFor();
  expect(await headlines(late.page)).toEqual(all);
  expect(sockets).toEqual([]);
  await expectGoodLooks(editor.page, "news");
});

test("who was away for longer than history reaches is told that stories are missing", async () => {
  const reader = await example.window();
  await reader.page.getByText("Live").waitFor();
  await reader.cut();
  await reader.page.getByText("Reconnecting").waitFor();
  for (let number = 1; number <= 21; number += 1) expect((await post(`Story ${number}`)).status).toBe(200);
  await reader.mend();
  await reader.page.getByText("You were away for long: stories are missing here").waitFor();
  expect((await post("Story 22")).status).toBe(200);
  await reader.page.getByText("Story 22").waitFor();
  const [newest, note] = await headlines(reader.page);
  expect([newest, note]).toEqual(["Story 22", "You were away for long: stories are missing here"]);
});

test("nobody else publishes", async () => {
  expect((await post("Nonsense", "0".repeat(32))).status).toBe(403);
  expect((await post("")).status).not.toBe(200);
});
