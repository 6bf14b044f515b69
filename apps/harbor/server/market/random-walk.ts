// Prices that go up and down by chance: each symbol around where it opened, some traded far more often than others. Pure.
import type { Quote } from "../../contract/market.ts";

export interface Walk {
  /** The quote of every symbol as it stands. */
  all(): readonly Quote[];
  /** The next trade. */
  next(): Quote;
}

/** The most a trade moves a price, as a part of it. */
const longestStep = 0.002;
/** How much of its distance from where it opened a price comes back with a trade: it stays within some percent. */
const pull = 0.004;
const smallestPrice = 0.01;
const roundLot = 10;

/** Prices open between 3 and 800, as powers of ten. */
const lowestOpen = 0.5;
const highestOpen = 2.9;

interface Standing {
  readonly symbol: string;
  readonly open: number;
  price: number;
  volume: number;
}

/** @param random A number from 0 up to, but not including, 1. */
export function createWalk(symbols: readonly string[], random: () => number): Walk {
  const standings = symbols.map((symbol): Standing => {
    const open = toCents(10 ** (lowestOpen + random() * (highestOpen - lowestOpen)));
    return { symbol, open, price: open, volume: 0 };
  });
  // Which are traded most says nothing of where they stand in the list.
  const byTrade = standings
    .map((standing) => ({ standing, draw: random() }))
    .toSorted((one, other) => one.draw - other.draw)
    .map(({ standing }) => standing);
  const [first] = byTrade;
  if (first === undefined) throw new TypeError("expected at least one symbol, got none");
  return {
    all: () => standings.map(quoteOf),
    next() {
      // Squared: a quarter of them gets half of the trades.
      const traded = byTrade[Math.floor(random() ** 2 * byTrade.length)] ?? first;
      const away = traded.price / traded.open - 1;
      const step = (random() - 0.5) * 2 * longestStep - away * pull;
      traded.price = Math.max(smallestPrice, traded.price * (1 + step));
      traded.volume += roundLot * (1 + Math.floor(random() * 40));
      return quoteOf(traded);
    },
  };
}

function toCents(price: number): number {
  return Math.round(price * 100) / 100;
}

function quoteOf({ symbol, open, price, volume }: Standing): Quote {
  const change = toCents((price / open - 1) * 100);
  // Minus zero would be shown as such.
  return { symbol, price: toCents(price), change: change === 0 ? 0 : change, volume };
}
