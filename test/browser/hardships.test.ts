// What browsers do to a page with a connection: they freeze it, take its network or its storage.
import type { BrowserContext, Page } from "playwright-core";
import { expect, test } from "vitest";
import { composer, connectsAgain, hasArrived, message, say, shownMessages } from "./chat-window.ts";
import { comeIn, isConnected, withHarbor } from "./harbor.ts";

const place = withHarbor();

/**
 * Lets nothing run in the page, as a browser does with a tab that nobody has looked at for long and a laptop with all;
 * what comes meanwhile, timers and frames, is run when it goes on. Headless Chromium never calls a page hidden, and
 * freezes none that is not, so its debugger does it.
 * @returns Lets it go on.
 */
async function freeze(page: Page): Promise<() => Promise<void>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Debugger.enable");
  const paused = new Promise<void>((resolve) => session.once("Debugger.paused", () => resolve()));
  await session.send("Debugger.pause");
  // It stops where something runs.
  const running = page.evaluate(() => undefined);
  await paused;
  return async () => {
    await session.send("Debugger.resume");
    await running;
    await session.detach();
  };
}

/** When the page opened its sockets, on its own clock. */
async function recordSockets(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const times: number[] = [];
    Object.assign(globalThis, { openedMs: times });
    globalThis.WebSocket = class extends WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        if (String(url).includes("/connection/websocket")) times.push(performance.now());
        super(url, protocols);
      }
    };
  });
}

function openedMs(page: Page): Promise<readonly number[]> {
  return page.evaluate(() => (globalThis as unknown as { openedMs: number[] }).openedMs);
}

const textsOf = async (page: Page): Promise<readonly string[]> => (await shownMessages(page)).map(({ text }) => text);

test("a frozen tab misses nothing: neither of its connection, nor when the server was restarted meanwhile", async () => {
  const frozen = await place.guest("Ada");
  const awake = await place.guest("Bob");
  await say(awake, "before");
  await hasArrived(frozen, "before");
  const thaw = await freeze(frozen);
  await say(awake, "while it slept");
  await hasArrived(awake, "while it slept");
  await thaw();
  await hasArrived(frozen, "while it slept");

  const thawAgain = await freeze(frozen);
  const back = connectsAgain(awake);
  await place.harbor.restart();
  await back;
  await say(awake, "after the restart");
  await hasArrived(awake, "after the restart");
  await thawAgain();
  await hasArrived(frozen, "after the restart");
  await isConnected(frozen);
  expect(await textsOf(frozen)).toEqual(["before", "while it slept", "after the restart"]);
});

test("offline and back: it says so, tries no more than twice a second whatever comes and goes, and is back", async () => {
  const page = await place.window();
  await recordSockets(page.context());
  await comeIn(page, "Cleo");
  await page.goto("/chat/workshop");
  await isConnected(page);
  // Before it is in, a room has nowhere to write.
  await composer(page).waitFor();
  await page.context().setOffline(true);
  await place.harbor.restart();
  await page.getByRole("button", { name: "Connection: Offline" }).waitFor();
  await say(page, "written offline");
  // A network that comes and goes, faster than anybody could connect.
  for (let count = 0; count < 100; count += 1) {
    await page.context().setOffline(false);
    await page.evaluate(() => new Promise((resolve) => void requestAnimationFrame(resolve)));
    await page.context().setOffline(true);
  }
  await page.context().setOffline(false);
  await isConnected(page);
  await hasArrived(page, "written offline");
  expect(await message(page, "written offline").count()).toBe(1);
  const times = await openedMs(page);
  expect(times.length).toBeGreaterThan(1);
  for (const [index, ms] of times.entries()) {
    const third = times[index + 2];
    if (third !== undefined) expect(third - ms).toBeGreaterThan(1_000);
  }
});

test("a page whose storage the browser blocks connects, writes and comes back like any other", async () => {
  const page = await place.window();
  await page.addInitScript(() => {
    for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"]) {
      Object.defineProperty(globalThis, name, {
        get() {
          throw new DOMException("The operation is insecure.", "SecurityError");
        },
      });
    }
  });
  await comeIn(page, "Dora");
  await say(page, "without storage");
  await hasArrived(page, "without storage");
  const back = connectsAgain(page);
  await place.harbor.restart();
  await back;
  await isConnected(page);
  await say(page, "and again");
  await hasArrived(page, "and again");
});
