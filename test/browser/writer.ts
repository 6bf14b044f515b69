// Somebody who writes without a pause, for tests of what happens meanwhile.
import { setTimeout as sleep } from "node:timers/promises";
import type { Locator, Page } from "playwright-core";
import { message, say } from "./chat-window.ts";

/** How many messages a writer lets wait before waiting for them. */
export const mostOnTheirWay = 5;

/** The messages that are not known to be kept. */
export const onItsWay = (page: Page): Locator => page.locator('article:not([data-state="there"])');

/** Somebody who writes one numbered line after the other, in a window tall enough to see them all. */
export class Writer {
  readonly page: Page;
  readonly #name: string;
  readonly #restMs: number;
  #count = 0;
  #isWriting = false;
  #end: Promise<void> = Promise.resolve();

  /** @param restMs After each line. Default: none. */
  constructor(page: Page, name: string, restMs = 0) {
    this.page = page;
    this.#name = name;
    this.#restMs = restMs;
  }

  start(): void {
    this.#isWriting = true;
    this.#end = this.#write();
    // Whoever stops it hears of it; where nobody does, the test has failed already.
    this.#end.catch(() => undefined);
  }

  /** The line that will be written next. */
  get next(): string {
    return this.line(this.#count + 1);
  }

  line(number: number): string {
    return `${this.#name} says ${number}`;
  }

  /** Ends with the line that is being written. @returns All lines since it first began. */
  async stop(): Promise<readonly string[]> {
    this.#isWriting = false;
    await this.#end;
    return Array.from({ length: this.#count }, (_, index) => this.line(index + 1));
  }

  async #write(): Promise<void> {
    while (this.#isWriting) {
      await say(this.page, this.next);
      // As fast as the page shows it, whether or not there is a connection.
      await message(this.page, this.next).waitFor();
      this.#count += 1;
      // Nobody writes much more before seeing that it does not go out.
      await onItsWay(this.page)
        .nth(mostOnTheirWay - 1)
        .waitFor({ state: "detached" });
      if (this.#restMs > 0) await sleep(this.#restMs);
    }
  }
}
