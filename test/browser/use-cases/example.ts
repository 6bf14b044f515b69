// An example of a use, started as its reader starts it, and Chromium to look at it through lines that can be cut.
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { createFaultProxy } from "@tidewire/client/testing";
import type { BrowserContext, Page } from "playwright-core";
import { afterEach, beforeEach, expect, onTestFinished } from "vitest";
import { chromiumPath } from "../../../tools/chromium-launch.ts";
import { withChromium } from "../harbor.ts";
import { fromSource, root, type ServerProcess, startServer, withParent } from "../server-process.ts";

const pictures = path.join(root, "test-results/screenshots/use-cases");
const patienceMs = 20_000;

/** A browser window of its own, behind a line of its own. */
export interface ExampleWindow {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Cuts what is open, and lets nothing through until `mend`. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

/** Asks until the answer is right, with the patience of everything else here. */
export const eventually = <Value>(ask: () => Value) => expect.poll(ask, { timeout: patienceMs });

/** What a browser says when its network is back; a client that waits for its next attempt waits no longer. */
export async function tryNow(page: Page): Promise<void> {
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
}

export interface Example {
  readonly server: ServerProcess;
  /** What staff have in their address. */
  readonly key: string;
  /** `http://localhost:…`, without a line between. */
  readonly url: string;
  /** @param fragment What stands in its address behind "#". */
  window(fragment?: string): Promise<ExampleWindow>;
}

/**
 * The example for each test of a file; to be read inside of tests. Nothing may be thrown in its windows uncaught.
 * @param start The program that starts it, from the root of the checkout.
 */
export function withExample(name: string, start = "examples/use-cases/start.ts"): Example {
  const chrome = withChromium();
  let running: ServerProcess | null = null;
  const uncaught: Error[] = [];
  const server = (): ServerProcess => {
    if (running === null) throw new Error("the example runs during tests alone");
    return running;
  };
  // Anew for each test, and each time that one is tried: what was voted stays otherwise.
  beforeEach(async () => {
    if (chromiumPath === undefined) return;
    running = await startServer({
      args: [fromSource, withParent, path.join(root, start), name],
      ready: new RegExp(`^ {2}${name} +http:`),
      env: (port, data) => ({ PORT: String(port), TIDEWIRE_DATA: data }),
    });
  });
  afterEach(async () => await running?.stop());
  afterEach(() => expect(uncaught.splice(0)).toEqual([]));
  return {
    get server() {
      return server();
    },
    get url() {
      return server().url;
    },
    get key() {
      return readFileSync(path.join(server().dataFolder, "examples", name, "key"), "utf8");
    },
    window: async (fragment = "") => {
      const line = await createFaultProxy({ to: { host: "localhost", port: server().port } });
      const context = await chrome.browser.newContext();
      onTestFinished(async () => {
        await context.close();
        await line.close();
      });
      context.setDefaultTimeout(patienceMs);
      context.on("weberror", (thrown) => uncaught.push(thrown.error()));
      const page = await context.newPage();
      await page.goto(`http://127.0.0.1:${line.port}/#${fragment}`);
      return {
        page,
        context,
        cut: async () => {
          await line.set({ refuse: true });
          line.cut("reset");
        },
        mend: async () => {
          await line.clear();
          await tryNow(page);
        },
      };
    },
  };
}

/** A page fits every window and keeps nobody out, light and dark; and a picture of each for people. */
export async function expectGoodLooks(page: Page, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  for (const [width, height] of [
    [1_440, 900],
    [360, 740],
  ] as const) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      // Nothing is half-way between two colours; what a test holds still stays so.
      await page.evaluate(() => {
        for (const animation of document.getAnimations()) if (animation.playState === "running") animation.finish();
      });
      await page.screenshot({ path: path.join(pictures, `${name}-${width}-${colorScheme}.png`) });
      const overhang = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      // Widths differ in shape, schemes in colour: two of the four have all of it.
      if ((width === 360) !== (colorScheme === "dark")) continue;
      const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
      const found = violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
      expect.soft({ overhang, found }, `${name}, ${width} px, ${colorScheme}`).toEqual({ overhang: 0, found: [] });
    }
  }
}
