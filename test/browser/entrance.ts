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

/** Whoever was cut off on a busy machine may have to try more than once, and waits up to twenty seconds in between. */
const connectedMs = 60_000;

export async function isConnected(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Connection: Live" }).waitFor({ timeout: connectedMs });
}
