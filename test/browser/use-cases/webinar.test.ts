// The webinar: what the presenter says reaches everybody in order, late or cut off, and each has one vote.
import { createClient } from "@tidewire/client";
import type { Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { add, stage } from "../../../examples/use-cases/webinar/channels.ts";
import { eventually, expectGoodLooks, tryNow, withExample } from "./example.ts";

const example = withExample("webinar");

async function send(page: Page, label: string, text: string): Promise<void> {
  const form = page.locator("form").filter({ has: page.getByLabel(label, { exact: true }) });
  await form.getByLabel(label, { exact: true }).fill(text);
  await form.getByRole("button", { name: "Send" }).click();
  await eventually(() => form.getByLabel(label, { exact: true }).inputValue()).toBe("");
}

const lines = (page: Page): Promise<readonly string[]> =>
  page.getByRole("region", { name: "Stage" }).getByRole("listitem").allInnerTexts();
const hears = (page: Page, texts: readonly string[]) => eventually(() => lines(page)).toEqual(texts);
const choice = (page: Page, words: string) => page.getByRole("button", { name: words, exact: true });

test("one speaks, others hear: at once, late, or after a cut", async () => {
  const [presenter, viewer] = [await example.window(example.key), await example.window()];
  await viewer.page.getByText("Live · 2 here").waitFor();
  await send(presenter.page, "Next slide", "Tides for beginners");
  await viewer.page.getByText("Tides for beginners").waitFor();
  await send(presenter.page, "Say", "Welcome");
  await hears(viewer.page, ["Welcome"]);
  await viewer.cut();
  await viewer.page.getByText("No connection: what you miss is shown later").waitFor();
  await send(presenter.page, "Say", "The moon pulls");
  await send(presenter.page, "Next slide", "Two bulges");
  await send(presenter.page, "Say", "Twice a day");
  await viewer.mend();
  const all = ["Welcome", "The moon pulls", "Twice a day"];
  await hears(viewer.page, all);
  await viewer.page.getByText("Two bulges").waitFor();
  const late = await example.window();
  await hears(late.page, all);
  await late.page.getByText("Two bulges").waitFor();
});

test("a poll and questions: one vote each, that may be changed, and counts after a reload and a crash", async () => {
  const [presenter, ada, bob] = [await example.window(example.key), await example.window(), await example.window()];
  await send(presenter.page, "New poll: Tea or coffee? Tea, Coffee", "Ebb or flood? Ebb, Flood");
  for (const { page } of [ada, bob]) await choice(page, "Ebb · 0").click();
  await choice(presenter.page, "Ebb · 2").waitFor();
  await choice(bob.page, "Flood · 0").click();
  for (const { page } of [ada, bob, presenter]) {
    await choice(page, "Flood · 1").waitFor();
    await choice(page, "Ebb · 1").waitFor();
  }
  await ada.page.reload();
  await choice(ada.page, "Ebb · 1").click();
  await example.server.crash();
  await Promise.all([presenter, ada, bob].map(({ page }) => tryNow(page)));
  await choice(ada.page, "Flood · 1").click();
  await choice(presenter.page, "Flood · 2").waitFor();
  await choice(presenter.page, "Ebb · 0").waitFor();

  await send(ada.page, "Ask", "What is a neap tide?");
  await send(bob.page, "Ask", "Will there be slides?");
  const entry = (page: Page, text: string) => page.getByRole("listitem").filter({ hasText: text });
  await entry(ada.page, "Will there be slides?").getByRole("button", { name: "Me too · 0" }).click();
  await entry(presenter.page, "Will there be slides?").getByRole("button", { name: "Me too · 1" }).waitFor();
  // What most ask is on top.
  const questions = await presenter.page.getByRole("region", { name: "Board" }).getByRole("list").nth(1).innerText();
  expect(questions.indexOf("slides")).toBeLessThan(questions.indexOf("neap"));
  await expectGoodLooks(presenter.page, "webinar-presenter");
});

test("only the presenter presents", async () => {
  const client = createClient({ url: `${example.url.replace("http", "ws")}/connection/websocket`, token: "anybody" });
  onTestFinished(() => client.close());
  client.connect();
  const denied = { reason: "denied" };
  await expect(client.channel(stage).publish({ kind: "line", text: "Buy this" })).rejects.toMatchObject(denied);
  const poll = { id: crypto.randomUUID(), kind: "poll", text: "Mine?", choices: ["Yes"] } as const;
  await expect(client.call(add, { ...poll, choices: ["Yes"] })).rejects.toMatchObject(denied);
});
