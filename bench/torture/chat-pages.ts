// A real Chromium on Harbor during a torture: one window writes, another looks on, and both have to show what the database has.
import { setTimeout as sleep } from "node:timers/promises";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { chromiumLaunch } from "../../tools/chromium-launch.ts";
import { hasArrived, shownMessages, tallPx } from "../../test/browser/chat-window.ts";
import { comeIn } from "../../test/browser/entrance.ts";
import { keptMessages } from "../../test/browser/kept-messages.ts";
import { onItsWay, Writer } from "../../test/browser/writer.ts";

export interface ChatOutcome {
  /** Messages that were written, and are in the database once and in order. */
  readonly messages: number;
  /** How often both windows were compared with the database. */
  readonly checks: number;
  /** What was not as it has to be, in words. */
  readonly wrong: readonly string[];
}

export interface ChatPlace {
  /** The program. */
  readonly chromium: string;
  readonly url: string;
  /** Of Harbor. */
  readonly dataFolder: string;
  /** Whatever a window waits for happens within this. */
  readonly patienceMs: number;
}

const room = "harbour";
/** Between two messages: many torments fit into a run, and as many messages as a window can show into one of them. */
const restMs = 300;

export class ChatPages {
  readonly #place: ChatPlace;
  readonly #browser: Browser;
  readonly #wrong: string[] = [];
  #pages: readonly Page[] = [];
  #ada: Writer | null = null;
  #messages = 0;
  #checks = 0;

  private constructor(place: ChatPlace, browser: Browser) {
    this.#place = place;
    this.#browser = browser;
  }

  static async open(place: ChatPlace): Promise<ChatPages> {
    const browser = await chromium.launch(chromiumLaunch(place.chromium));
    const pages = new ChatPages(place, browser);
    try {
      await pages.#comeIn();
      return pages;
    } catch (thrown) {
      await browser.close();
      throw thrown;
    }
  }

  get outcome(): ChatOutcome {
    return { messages: this.#messages, checks: this.#checks, wrong: this.#wrong };
  }

  async #comeIn(): Promise<void> {
    const windows = await Promise.all(["Ada", "Bob"].map((name) => this.#window(name)));
    this.#pages = windows;
    const [writing] = windows;
    if (writing === undefined) return;
    this.#ada = new Writer(writing, "Ada", restMs);
    this.#ada.start();
  }

  async #window(name: string): Promise<Page> {
    const { url, patienceMs } = this.#place;
    const viewport = { width: 1_280, height: tallPx };
    const context: BrowserContext = await this.#browser.newContext({ baseURL: url, reducedMotion: "reduce", viewport });
    context.setDefaultTimeout(patienceMs);
    context.on("weberror", (thrown) => this.#wrong.push(`${name}'s window: ${thrown.error().message}`));
    const page = await context.newPage();
    await comeIn(page, name);
    return page;
  }

  /** Lets the writer come to an end, compares, and lets it go on. @param after What has just happened. */
  async check(after: string): Promise<void> {
    await this.finish(after);
    this.#ada?.start();
  }

  /** The same for good: from then on the windows only look on. */
  async finish(after: string): Promise<void> {
    const [ada, pages] = [this.#ada, this.#pages];
    if (ada === null) return;
    this.#checks += 1;
    try {
      const lines = await ada.stop();
      await Promise.all(pages.map((page) => onItsWay(page).first().waitFor({ state: "detached" })));
      await Promise.all(pages.map((page) => hasArrived(page, lines.at(-1) ?? "")));
      await this.#compare(lines, after);
    } catch (thrown) {
      this.#wrong.push(`${after}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }

  async #compare(lines: readonly string[], after: string): Promise<void> {
    const kept = keptMessages(this.#place.dataFolder, room);
    const isKept = kept.length === lines.length && kept.every(({ seq, text }, n) => seq === n + 1 && text === lines[n]);
    if (!isKept) this.#wrong.push(`${after}: ${lines.length} lines were written, the database has ${kept.length}`);
    else this.#messages = kept.length;
    for (const page of this.#pages) {
      const shown = await shownMessages(page);
      // The list keeps what is in sight.
      const expected = lines.slice(-shown.length);
      const isShown = shown.every(({ text, state }, n) => state === "there" && text === expected[n]);
      if (isShown && shown.length > 0) continue;
      this.#wrong.push(`${after}: expected ${expected.join("; ")}, shown ${shown.map(({ text }) => text).join("; ")}`);
    }
  }

  async end(): Promise<void> {
    // What it waits for does not come any more.
    await Promise.race([this.#ada?.stop().catch(() => undefined), sleep(restMs)]);
    await this.#browser.close();
  }
}
