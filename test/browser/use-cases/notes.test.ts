// Shared notes: what two windows write at once comes together, whoever was cut off, and however long ago it was.
import { createClient } from "@tidewire/client";
import type { Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import * as Y from "yjs";
import { load, toBytes, toText, updates } from "../../../examples/use-cases/notes/channels.ts";
import { eventually, expectGoodLooks, withExample } from "./example.ts";

const example = withExample("notes");

const area = (page: Page) => page.getByLabel("The note");
const textOf = (page: Page): Promise<string> => area(page).inputValue();
const reads = (page: Page, text: string) => eventually(() => textOf(page)).toBe(text);

/** Puts the caret at a place in the text as it is now. */
async function pointTo(page: Page, at: number): Promise<void> {
  await area(page).evaluate((element: HTMLTextAreaElement, place) => {
    element.focus();
    element.setSelectionRange(place, place);
  }, at);
}

async function typeAt(page: Page, at: number, text: string): Promise<void> {
  await pointTo(page, at);
  await page.keyboard.type(text);
}

/** One that can be written to, since it has the whole. */
async function writer() {
  const window = await example.window();
  await window.page.locator("textarea:enabled").waitFor();
  return window;
}

test("two write at once, one of them cut off: both have all of it", async () => {
  const [ada, bob] = [await writer(), await writer()];
  await typeAt(ada.page, 0, "one two");
  await reads(bob.page, "one two");
  // Both carets stand before either types: what the other types moves them along.
  await pointTo(ada.page, 0);
  await pointTo(bob.page, 7);
  await Promise.all([ada.page.keyboard.type("zero "), bob.page.keyboard.type(" three")]);
  for (const { page } of [ada, bob]) await reads(page, "zero one two three");
  // The caret stays where it was in the text, not in numbers.
  await typeAt(ada.page, 0, "👋🏽");
  await reads(bob.page, "👋🏽zero one two three");
  expect(await area(bob.page).evaluate((element: HTMLTextAreaElement) => element.selectionStart)).toBe(22);

  await ada.cut();
  await ada.page.getByText("No connection: go on writing").waitFor();
  await typeAt(ada.page, 22, " four");
  await ada.page.getByText("not sent yet").waitFor();
  await typeAt(bob.page, 0, "> ");
  expect(await textOf(ada.page)).toBe("👋🏽zero one two three four");
  expect(await textOf(bob.page)).toBe("> 👋🏽zero one two three");
  await ada.mend();
  for (const { page } of [ada, bob]) await reads(page, "> 👋🏽zero one two three four");
  await expectGoodLooks(ada.page, "notes");
});

test("what history has forgotten is in the sum: for who was away, and who comes after a crash", async () => {
  const away = await writer();
  const before = await textOf(away.page);
  await typeAt(away.page, 0, "begin ");
  await away.page.getByText("Live", { exact: true }).waitFor();
  await away.cut();
  await away.page.getByText("No connection: go on writing").waitFor();
  await typeAt(away.page, 0, "away ");

  const client = createClient({ url: `${example.url.replace("http", "ws")}/connection/websocket` });
  onTestFinished(() => client.close());
  client.connect();
  const log = client.channel(updates);
  const note = new Y.Doc();
  Y.applyUpdate(note, toBytes(await client.call(load, undefined)));
  const written: Uint8Array[] = [];
  note.on("update", (update: Uint8Array) => written.push(update));
  // More than history keeps.
  const count = 2_100;
  for (let number = 0; number < count; number += 1) note.getText("note").insert(note.getText("note").length, "x");
  while (written.length > 0) {
    await Promise.all(written.splice(0, 300).map((update) => log.publish(toText(update))));
  }
  const { publications } = await log.history({ limit: 1 });
  expect(publications[0]?.position?.offset, "the oldest that history has").toBeGreaterThan(50);

  await example.server.crash();
  const late = await writer();
  await reads(late.page, `begin ${before}${"x".repeat(count)}`);
  await away.mend();
  for (const { page } of [away, late]) await reads(page, `away begin ${before}${"x".repeat(count)}`);
});

test("what is no update reaches nobody", async () => {
  const client = createClient({ url: `${example.url.replace("http", "ws")}/connection/websocket` });
  onTestFinished(() => client.close());
  client.connect();
  await expect(client.channel(updates).publish(btoa("nonsense"))).rejects.toMatchObject({ reason: "denied" });
  await expect(client.channel("note:sum", { mode: "latest" }).history({ limit: 1 })).rejects.toMatchObject({
    reason: "denied",
  });
});
