// Windows of Chromium on an example: opening them, logging in, and talking from one to the other.
import type { Browser, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";

/** A window with cookies of its own, in which nothing may be thrown uncaught. */
export async function openWindow(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const thrown: Error[] = [];
  page.on("pageerror", (error) => thrown.push(error));
  onTestFinished(async () => {
    await context.close();
    expect(thrown).toEqual([]);
  });
  await page.goto(url);
  return page;
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message").fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

export async function logIn(page: Page, name: string): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Send" }).waitFor();
}

/** Waits for the last line, and gives all of them. */
export async function lines(page: Page, last: string): Promise<readonly string[]> {
  await page.getByRole("listitem").filter({ hasText: last }).waitFor();
  return await page.getByRole("listitem").allInnerTexts();
}

/** Each window says something, and each sees both, in the same order. */
export async function chatBetween(
  windows: readonly [Page, Page],
  names: readonly [string, string] = ["", ""],
): Promise<void> {
  const [first, second] = windows;
  // A page that is not open yet hears nothing.
  for (const page of windows) await page.getByRole("button", { name: "Send", disabled: false }).waitFor();
  const heard = [`${names[0]}hello <b>you</b>`, `${names[1]}and you`];
  await say(first, "hello <b>you</b>");
  await lines(second, heard[0] ?? "");
  await say(second, "and you");
  for (const page of windows) expect(await lines(page, heard[1] ?? "")).toEqual(heard);
}
