// Harbor for the tests of a file: the real server process with a data folder of its own, and Chromium to look at it.
import path from "node:path";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished } from "vitest";
import { chromiumLaunch, chromiumPath } from "../../tools/chromium-launch.ts";
import { childrenOf } from "../child-processes.ts";
import { comeIn } from "./entrance.ts";
import { type KeptMessage, keptMessages } from "./kept-messages.ts";
import { fromSource, root, type ServerProcess, startServer, withParent } from "./server-process.ts";

export { comeIn, isConnected } from "./entrance.ts";
export type { KeptMessage } from "./kept-messages.ts";

const ready = /^ {2}App {2,}http:/;

/** How long Chromium may look for something before that is a failure. */
const patienceMs = 20_000;

/** What the tests of a file share; to be read inside of tests. */
export interface Place {
  readonly browser: Browser;
  readonly harbor: ServerProcess;
  /** Opens a window of its own, with cookies and storage of its own. Nothing may be thrown in it uncaught. */
  window(options?: BrowserContextOptions): Promise<Page>;
  /** Opens a window and comes in as a guest. */
  guest(name: string, options?: BrowserContextOptions): Promise<Page>;
  /** The room's messages, read from the server's database by another process: this one. */
  kept(room: string): readonly KeptMessage[];
}

/** Chromium for the tests of a file, which are skipped where there is none. */
export function withChromium(): { readonly browser: Browser } {
  let browser: Browser | null = null;
  beforeAll(async () => {
    if (chromiumPath !== undefined) browser = await chromium.launch(chromiumLaunch(chromiumPath));
  });
  beforeEach((context) => {
    if (chromiumPath === undefined) context.skip("no Chromium: TIDEWIRE_CHROMIUM is not set");
  });
  afterAll(async () => await browser?.close());
  return {
    get browser() {
      if (browser === null) throw new Error("Chromium runs during tests alone");
      return browser;
    },
  };
}

export interface Manner {
  /** As `npm start` does: what is killed comes back. */
  readonly isSupervised?: boolean;
  /** As `npm run dev` does: the page from its sources. */
  readonly isDev?: boolean;
  /** With a worker beside the server. */
  readonly hasWorker?: boolean;
  /** For every test, and each time it is tried: with nothing in its rooms. Default: one for the file. */
  readonly isFresh?: boolean;
}

export function withHarbor(options: Manner = {}): Place {
  const chrome = withChromium();
  let harbor: ServerProcess | null = null;
  const uncaught: Error[] = [];
  const [before, after] = options.isFresh === true ? [beforeEach, afterEach] : [beforeAll, afterAll];
  before(async () => {
    if (chromiumPath !== undefined) harbor = await startHarbor(options);
  });
  after(async () => await harbor?.stop());
  afterEach(() => expect(uncaught.splice(0)).toEqual([]));

  const running = (): ServerProcess => {
    if (harbor === null) throw new Error("Harbor runs during tests alone");
    return harbor;
  };
  const window: Place["window"] = async (given = {}) => {
    const context = await chrome.browser.newContext({ baseURL: running().url, reducedMotion: "reduce", ...given });
    context.setDefaultTimeout(patienceMs);
    context.on("weberror", (thrown) => uncaught.push(thrown.error()));
    onTestFinished(() => context.close());
    return await context.newPage();
  };
  return {
    get browser() {
      return chrome.browser;
    },
    get harbor() {
      return running();
    },
    window,
    guest: async (name, given) => {
      const page = await window(given);
      await comeIn(page, name);
      return page;
    },
    kept: (room) => keptMessages(running().dataFolder, room),
  };
}

async function startHarbor({ isSupervised = false, isDev = false, hasWorker = false }: Manner): Promise<ServerProcess> {
  const main = [fromSource, withParent, path.join(root, "apps/harbor/server/main.ts")];
  const args = isSupervised ? [path.join(root, "tools/run.mjs"), "start"] : isDev ? [...main, "--dev"] : main;
  return await startServer({
    args,
    ready,
    env: (port, data) => ({
      PORT: String(port),
      TIDEWIRE_DATA: data,
      TIDEWIRE_WORKER: hasWorker ? "beside" : "none",
      NODE_ENV: "",
    }),
  });
}

/** The process that serves, below the supervisor that was started. */
export function servingProcess({ processId }: ServerProcess): number {
  const ids = childrenOf(processId);
  const [only] = ids;
  if (ids.length !== 1 || only === undefined)
    throw new Error(`expected one child of ${processId}, found ${ids.join(" ")}`);
  return only;
}
