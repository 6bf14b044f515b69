// The chat in two windows: talking, presence, typing, rooms, what is on its way, history, markdown.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { allShown, composer, hasArrived, message, say, shownMessages } from "./chat-window.ts";
import { comeIn, isConnected, withHarbor } from "./harbor.ts";
import { Wire } from "./wire.ts";

const place = withHarbor();

const membersOf = (page: Page) => page.getByRole("complementary", { name: "Who is here" }).getByRole("listitem");
const roomLink = (page: Page, name: string) =>
  page.getByRole("complementary", { name: "Rooms" }).getByRole("link", { name });

/** Makes a room of its own for a test and goes there. */
async function makeRoom(page: Page, name: string): Promise<void> {
  await composer(page).waitFor();
  await page.getByRole("button", { name: "New room" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Make the room" }).click();
  await page.getByRole("heading", { name, level: 1 }).waitFor();
}

test("two people see each other, see each other type, and talk; who closes the window is gone", async () => {
  const ada = await place.guest("Ada");
  const bob = await place.guest("Bob");
  await membersOf(ada).filter({ hasText: "Bob" }).waitFor();
  await membersOf(bob).filter({ hasText: "Ada" }).waitFor();

  await composer(bob).pressSequentially("Hello A");
  await ada.getByText("Bob is typing").waitFor();
  expect(await bob.getByText("is typing").count()).toBe(0);
  await composer(bob).pressSequentially("da");
  await composer(bob).press("Enter");
  await hasArrived(ada, "Hello Ada");
  await ada.getByText("Bob is typing").waitFor({ state: "detached" });
  await say(ada, "Hello Bob");
  await hasArrived(bob, "Hello Bob");
  await hasArrived(ada, "Hello Bob");
  const talk = ["Hello Ada", "Hello Bob"].map((text) => ({ text, state: "there" }));
  expect(await shownMessages(ada)).toEqual(talk);
  expect(await shownMessages(bob)).toEqual(talk);

  await bob.context().close();
  await membersOf(ada).filter({ hasText: "Bob" }).waitFor({ state: "detached" });
  await membersOf(ada).filter({ hasText: "Ada" }).waitFor();
});

test("a room that one makes is in the other's list, which counts what was not read", async () => {
  const ada = await place.guest("Ada");
  const bob = await place.guest("Bob");
  await makeRoom(ada, "Night watch");
  expect(new URL(ada.url()).pathname).toBe("/chat/night-watch");
  await roomLink(bob, "Night watch").waitFor();
  await say(ada, "Anybody?");
  await say(ada, "Nobody.");
  await roomLink(bob, "Night watch 2 unread").waitFor();
  await bob.waitForFunction(() => document.title.startsWith("(2) "));
  await roomLink(bob, "Night watch").click();
  await hasArrived(bob, "Nobody.");
  await bob.waitForFunction(() => document.title.startsWith("Night watch"));
});

test("a message is on its way until the server has it", async () => {
  const page = await place.window();
  const wire = await Wire.of(page);
  await comeIn(page, "Cleo");
  await makeRoom(page, "On its way");
  wire.outgoing = (text) => (text.includes("chat.send") ? null : text);
  await say(page, "first");
  await say(page, "second");
  await message(page, "first").and(page.locator('[data-state="sending"]')).waitFor();
  // One at a time, or they would not stand in the room in the order in which they were written.
  await message(page, "second").and(page.locator('[data-state="waiting"]')).waitFor();
  expect(place.kept("on-its-way")).toEqual([]);
  wire.release();
  await hasArrived(page, "second");
  expect(await shownMessages(page)).toEqual(["first", "second"].map((text) => ({ text, state: "there" })));
});

test("a message that the server refuses says so, and can be tried again or thrown away", async () => {
  const page = await place.window();
  const wire = await Wire.of(page);
  await comeIn(page, "Cleo");
  await makeRoom(page, "Refusals");
  wire.outgoing = (text) => (text.includes("chat.send") ? text.replace('"room":"refusals"', '"room":"no-such"') : text);
  await say(page, "no room for this");
  await say(page, "nor for this");
  const failed = page.locator('article[data-state="failed"]');
  await failed.nth(1).waitFor();
  await failed.first().getByText("It is kept here.").waitFor();
  wire.release();
  await failed.filter({ hasText: "nor for this" }).getByRole("button", { name: "Discard" }).click();
  await failed.getByRole("button", { name: "Retry" }).click();
  await hasArrived(page, "no room for this");
  expect(await shownMessages(page)).toEqual([{ text: "no room for this", state: "there" }]);
  expect(place.kept("refusals")).toHaveLength(1);
});

test("what did not go out is kept over a reload, and goes out once", async () => {
  const page = await place.guest("Cleo");
  await makeRoom(page, "Cut off");
  const wire = await Wire.of(page);
  await page.reload();
  await isConnected(page);
  wire.outgoing = (text) => (text.includes("chat.send") ? null : text);
  await say(page, "from before");
  await message(page, "from before").and(page.locator('[data-state="sending"]')).waitFor();
  wire.outgoing = (text) => text;
  await page.reload();
  await hasArrived(page, "from before");
  expect(place.kept("cut-off").map(({ text }) => text)).toEqual(["from before"]);
});

test("after a reload the room is as it was, older messages come on the way up, and stay when one sends another", async () => {
  const page = await place.guest("Dora");
  await makeRoom(page, "Long talk");
  const texts = Array.from({ length: 120 }, (_, index) => `Message ${index + 1}`);
  for (const text of texts) await say(page, text);
  await hasArrived(page, "Message 120");
  await page.goto("/chat/long-talk");
  const list = page.getByRole("region", { name: "Messages in Long talk" });
  await list.getByText("Message 120").waitFor();
  expect((await shownMessages(page)).length).toBeLessThan(120);
  await list.hover();
  const top = page.getByText("made this room. It begins here.");
  while (!(await top.isVisible())) {
    await page.mouse.wheel(0, -600);
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
  }
  expect(await allShown(page, 120)).toEqual(texts.map((text) => ({ text, state: "there" })));
  // Rows that leave the page only to come back cost more than all else that a message does.
  const rows = await list.locator("[data-row]").elementHandles();
  await say(page, "Message 121");
  await hasArrived(page, "Message 121");
  const areInPage = await Promise.all(rows.map((row) => row.evaluate(({ isConnected }) => isConnected)));
  expect(areInPage.filter((isInPage) => !isInPage)).toEqual([]);
});

test("markdown is shown as what it means", async () => {
  const page = await place.guest("Eve");
  await makeRoom(page, "Markdown");
  const text = "**bold** *slanted* `code` ~~gone~~ [docs](https://example.org/a)";
  await say(page, text);
  const html = page.locator('article[data-state="there"] .message-text');
  await html.waitFor();
  for (const [tag, shown] of Object.entries({ strong: "bold", em: "slanted", code: "code", del: "gone", a: "docs" })) {
    expect(await html.locator(tag).innerText()).toBe(shown);
  }
  const link = html.locator("a");
  expect(await link.getAttribute("href")).toBe("https://example.org/a");
  expect(await link.getAttribute("target")).toBe("_blank");
  expect(await link.getAttribute("rel")).toContain("noopener");
  await composer(page).fill("- one\n- two\n\n> said\n\n```\nlet x = 1;\n```");
  await composer(page).press("Enter");
  await html.nth(1).locator("pre code").waitFor();
  expect(await html.nth(1).locator("li").allInnerTexts()).toEqual(["one", "two"]);
  expect(await html.nth(1).locator("blockquote").innerText()).toBe("said");
});

test("the second guest is another person with a session of his own, in the same window", async () => {
  const page = await place.guest("Ada");
  await makeRoom(page, "Split");
  const socket = page.waitForEvent("websocket", (opened) => opened.url().includes("seat=2"));
  await page.getByRole("button", { name: "Open a second guest" }).first().click();
  const guest = page.frameLocator('iframe[title="Second guest"]');
  await guest.getByRole("button", { name: "Enter" }).click();
  // The entrance has a connection too.
  await guest.getByRole("navigation", { name: "Places" }).waitFor();
  await guest.getByRole("button", { name: "Connection: Live" }).waitFor();
  await socket;
  const cookies = (await page.context().cookies()).filter(({ httpOnly }) => httpOnly);
  expect(new Set(cookies.map(({ value }) => value)).size).toBe(2);

  await guest
    .getByRole("link", { name: "Split" })
    .or(guest.getByRole("button", { name: "Rooms" }))
    .first()
    .click();
  if (!(await guest.getByRole("heading", { name: "Split", level: 1 }).isVisible())) {
    await guest.getByRole("link", { name: "Split" }).click();
  }
  await guest.getByRole("textbox", { name: "Message Split" }).fill("from the right");
  await guest.getByRole("textbox", { name: "Message Split" }).press("Enter");
  await hasArrived(page, "from the right");
  await say(page, "from the left");
  await guest.locator('article[data-state="there"]').filter({ hasText: "from the left" }).waitFor();
  expect(place.kept("split").map(({ author }) => author)).toEqual(["Second guest", "Ada"]);
});
