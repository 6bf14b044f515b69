// Harbor in this process, behind a line that can be slowed and cut, with a market that closes when a test says so.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createFaultProxy, type FaultProxy } from "@tidewire/client/testing";
import type { Source } from "@tidewire/server";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { companies } from "../../apps/harbor/contract/companies.ts";
import type { Quote } from "../../apps/harbor/contract/market.ts";
import { parseConfig } from "../../apps/harbor/server/config.ts";
import { startHarbor } from "../../apps/harbor/server/harbor.ts";
import { quotes } from "../../apps/harbor/server/market/quotes.ts";
import { createWalk } from "../../apps/harbor/server/market/random-walk.ts";
import { changeOf, priceOf, whole } from "../../apps/harbor/web/features/market/words-for-quotes.ts";
import { RecordedLog } from "../serving.ts";

/** The market's own trade, and what came of it. */
export class TestMarket {
  readonly #newest = new Map<string, Quote>();
  readonly #watchers = new Set<() => void>();
  #isClosed = false;
  /** How many quotes were handed to the server. */
  published = 0;

  readonly source: Source<Quote> = (context) => this.#trade(context);

  /** Ends the trade. @returns When, in milliseconds since 1970. */
  close(): number {
    this.#isClosed = true;
    return Date.now();
  }

  /** Resolves as soon as it is so, looking again at each quote. */
  until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isSo()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** The newest quotes as rows in the order of symbols; everything was published by the time it is closed. */
  shown(): readonly string[] {
    return [...this.#newest.values()]
      .toSorted((one, other) => (one.symbol < other.symbol ? -1 : 1))
      .map(({ symbol, price, change, volume }) => [symbol, priceOf(price), changeOf(change), whole(volume)].join(" "));
  }

  async *#trade(context: Parameters<Source<Quote>>[0]): AsyncGenerator<Quote> {
    const walk = createWalk(Object.keys(companies), Math.random);
    for await (const quote of quotes(walk, () => performance.now())(context)) {
      if (this.#isClosed) return;
      this.#newest.set(quote.symbol, quote);
      this.published += 1;
      yield quote;
      for (const look of this.#watchers) look();
    }
  }
}

export interface MarketPlace {
  readonly page: Page;
  readonly proxy: FaultProxy;
  readonly market: TestMarket;
}

/** All of it is gone when the test has ended. */
export async function startMarket(
  chrome: { readonly browser: Browser },
  options: BrowserContextOptions = {},
): Promise<MarketPlace> {
  const dataFolder = mkdtempSync(path.join(tmpdir(), "tidewire-market-"));
  const market = new TestMarket();
  const config = parseConfig({ PORT: "0", TIDEWIRE_DATA: dataFolder }, []);
  const harbor = await startHarbor(config, new RecordedLog(), { quotes: market.source });
  const proxy = await createFaultProxy({ to: { host: "127.0.0.1", port: harbor.port } });
  const context = await chrome.browser.newContext({
    baseURL: `http://localhost:${proxy.port}`,
    locale: "en-US",
    viewport: { width: 1_280, height: 800 },
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(20_000);
  onTestFinished(async () => {
    await context.close();
    await proxy.close();
    await harbor.stop();
    rmSync(dataFolder, { recursive: true, force: true });
  });
  return { page: await context.newPage(), proxy, market };
}
