// What the tests do and see in a window on the chat.
import type { Locator, Page } from "playwright-core";

/** Tall enough for the list, which keeps only what is in sight in the page, to show some hundred messages at once. */
export const tallPx = 6_000;

/** Where messages are written. */
export function composer(page: Page): Locator {
  return page.getByRole("textbox", { name: /^Message / });
}

export async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press("Enter");
}

/** The message with exactly this text, in whatever state. */
export function message(page: Page, text: string): Locator {
  return page.locator("article[data-state]").filter({ has: page.getByText(text, { exact: true }) });
}

/** Resolves when the room has the message, here. */
export async function hasArrived(page: Page, text: string): Promise<void> {
  await message(page, text).and(page.locator('[data-state="there"]')).waitFor();
}

export interface ShownMessage {
  readonly text: string;
  readonly state: string;
}

/** The messages as they stand in the page, from top to bottom; the window should be tall enough for all. */
export async function shownMessages(page: Page): Promise<readonly ShownMessage[]> {
  return await page.locator("article[data-state]").evaluateAll((articles) =>
    articles.map((article) => ({
      text: article.querySelector<HTMLElement>(".message-text")?.innerText ?? "",
      state: article.getAttribute("data-state") ?? "",
    })),
  );
}

/** Makes the window tall and waits until it shows `count` messages, none of them on its way. */
export async function allShown(page: Page, count: number): Promise<readonly ShownMessage[]> {
  await page.setViewportSize({ width: 1_280, height: tallPx });
  const there = page.locator('article[data-state="there"]');
  await there.nth(count - 1).waitFor({ state: "attached" });
  await page.locator('article:not([data-state="there"])').first().waitFor({ state: "detached" });
  return await shownMessages(page);
}

/** Resolves when the page opens another connection to Harbor. */
export async function connectsAgain(page: Page): Promise<void> {
  await page.waitForEvent("websocket", (socket) => socket.url().includes("/connection/websocket"));
}
