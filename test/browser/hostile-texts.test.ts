// Hostile texts in Harbor: they are shown, no script of theirs runs, and nothing is asked of another host.
import type { BrowserContext, Page } from "playwright-core";
import { expect, test } from "vitest";
import { allShown, say } from "./chat-window.ts";
import { comeIn, withHarbor } from "./harbor.ts";
import { links, shownAsWritten } from "./hostile-texts.ts";

const place = withHarbor();

/** Whatever must not happen in a window. */
interface Harm {
  readonly scripts: string[];
  readonly requests: string[];
  /** What only our policy stopped: the first wall had a hole. */
  readonly violations: string[];
}

async function watched(page: Page): Promise<Harm> {
  const context: BrowserContext = page.context();
  const harm: Harm = { scripts: [], requests: [], violations: [] };
  await context.exposeFunction("pwned", () => void harm.scripts.push("pwned() was called"));
  await context.exposeFunction("violated", (what: string) => void harm.violations.push(what));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      (window as unknown as { violated: (what: string) => void }).violated(
        `${event.violatedDirective} ${event.blockedURI} ${event.sample}`,
      );
    });
  });
  page.on("dialog", (dialog) => {
    harm.scripts.push(dialog.message());
    dialog.dismiss().catch(() => undefined);
  });
  context.on("page", (opened) => harm.requests.push(`opened ${opened.url()}`));
  const own = new URL(place.harbor.url).host;
  const asked = (url: string): void => {
    if (/^(https?|wss?):/.test(url) && new URL(url).host !== own) harm.requests.push(url);
  };
  context.on("request", (request) => asked(request.url()));
  page.on("websocket", (socket) => asked(socket.url()));
  page.on("framenavigated", (frame) => asked(frame.url()));
  return harm;
}

/** Everything in the messages that is more than text: tags, and attributes with their values. */
async function markupOf(page: Page): Promise<{ tags: string[]; attributes: string[]; addresses: string[] }> {
  return await page.locator(".message-text").evaluateAll((messages) => {
    const elements = messages.flatMap((message) => [...message.querySelectorAll("*")]);
    const attributes = elements.flatMap((element) => [...element.attributes]);
    return {
      tags: [...new Set(elements.map((element) => element.localName))],
      attributes: [...new Set(attributes.map(({ name }) => name))],
      addresses: attributes.filter(({ name }) => name === "href").map(({ value }) => value),
    };
  });
}

const squeezed = (text: string): string => text.replaceAll(/\s+/g, " ").trim();

test("hostile messages are shown as they were written, to the writer and to others, live and from history", async () => {
  const writer = await place.window();
  const reader = await place.window();
  const harms = [await watched(writer), await watched(reader)];
  await comeIn(writer, "Mallory");
  await comeIn(reader, "Ada");
  for (const text of [...shownAsWritten, ...links]) await say(writer, text);
  const count = shownAsWritten.length + links.length;
  await allShown(writer, count);
  await allShown(reader, count);
  await reader.reload();
  for (const page of [writer, reader]) {
    const shown = (await allShown(page, Math.min(count, 50))).map(({ text }) => squeezed(text));
    const expected = shownAsWritten.map(squeezed);
    // After the reload the first page of history is there, which has the newest.
    const from = count - shown.length;
    expect(shown.slice(0, expected.length - from)).toEqual(expected.slice(from));
    const { tags, attributes, addresses } = await markupOf(page);
    expect(["p", "a", "br"]).toEqual(expect.arrayContaining(tags));
    expect(["href", "target", "rel"]).toEqual(expect.arrayContaining(attributes));
    for (const address of addresses) expect(address).toMatch(/^https?:/);
    // What waits for a pointer gets one.
    for (const link of await page.locator(".message-text a").all()) await link.hover();
  }
  expect(place.kept("harbour").map(({ text }) => text)).toEqual([...shownAsWritten, ...links]);
  for (const harm of harms) expect(harm).toEqual({ scripts: [], requests: [], violations: [] });
});

test("hostile names of people and rooms are only names", async () => {
  const page = await place.window();
  const harm = await watched(page);
  const hostile = "<img src=x onerror=pwned()>";
  await comeIn(page, hostile);
  await page.getByRole("button", { name: "New room" }).click();
  await page.getByLabel("Name").fill(hostile);
  await page.getByLabel("What it is about").fill('"><script>pwned()</script>');
  await page.getByRole("button", { name: "Make the room" }).click();
  await page.getByRole("heading", { name: hostile, level: 1 }).waitFor();
  await say(page, "hello");
  await page.getByRole("complementary", { name: "Who is here" }).getByText(hostile).first().waitFor();
  await page.locator("article").getByText(hostile).waitFor();
  expect(harm).toEqual({ scripts: [], requests: [], violations: [] });
});
