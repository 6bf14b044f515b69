// Somebody who chats in Chromium, on the page of examples/clients/browser as it lies on the disk.
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { FaultProxy } from "@tidewire/client/testing";
import { type Browser, chromium, type Page } from "playwright-core";
import { chromiumLaunch, chromiumPath } from "../../tools/chromium-launch.ts";
import { type Chatter, hearing, lineTo, rawPath } from "./chatter.ts";
import { examples } from "./recipes.ts";

/** Why it cannot run here, or `null`. */
export const noChromium: string | null = chromiumPath === undefined ? "TIDEWIRE_CHROMIUM names no Chromium" : null;

/** Resolves once it hears itself. */
export async function chatterInPage(port: number): Promise<Chatter> {
  const line = await lineTo(port);
  const browser = await chromium.launch(chromiumLaunch(chromiumPath ?? ""));
  const page = await browser.newPage();
  const url = `ws://127.0.0.1:${line.port}${rawPath}`;
  const file = pathToFileURL(path.join(examples, "browser/index.html"));
  await page.goto(`${file.href}?${new URLSearchParams({ name: "browser", url }).toString()}`);
  return await hearing("browser", new PageChatter(line, browser, page));
}

class PageChatter implements Chatter {
  readonly line: FaultProxy;
  readonly #browser: Browser;
  readonly #page: Page;

  constructor(line: FaultProxy, browser: Browser, page: Page) {
    this.line = line;
    this.#browser = browser;
    this.#page = page;
  }

  async say(text: string): Promise<void> {
    await this.#page.getByRole("textbox").fill(text);
    await this.#page.getByRole("button").click();
  }

  async hears(shown: string): Promise<void> {
    await this.#page.getByText(shown, { exact: true }).first().waitFor({ timeout: 0 });
  }

  async heard(): Promise<readonly string[]> {
    return await this.#page.getByRole("listitem").allTextContents();
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await this.line.close();
  }
}
