// How a window comes into Harbor, and when it is connected.
import type { Page } from "playwright-core";

/** Comes in through the entrance and waits until the connection stands. */
export async function comeIn(page: Page, name: string): Promise<void> {
  await page.goto("/");
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Enter" }).click();
  await page.getByRole("navigation", { name: "Places" }).waitFor();
  await isConnected(page);
}

export async function isConnected(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Connection: Live" }).waitFor();
}
