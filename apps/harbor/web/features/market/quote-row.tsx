// One symbol's row. It renders when its own quote changes, and its price lights up where the price did. It is there before
// its first quote, so that nothing moves when that comes.
import type { LatestTable } from "@tidewire/client/latest";
import { useLatestKey } from "@tidewire/react";
import { memo, useEffect, useRef } from "react";
import { companies } from "../../../contract/companies.ts";
import type { Quote } from "../../../contract/market.ts";
import { classNames } from "../../theme/class-names.ts";
import { flash } from "./flash.ts";
import { changeOf, priceOf, whole } from "./words-for-quotes.ts";

interface QuoteRowProps {
  readonly table: LatestTable<Quote>;
  readonly symbol: string;
}

const cell = "h-8 overflow-hidden border-b border-line px-2 whitespace-nowrap";
const figure = `${cell} figures text-right`;

const none = "–";

function toneOf(change: number): string {
  if (change === 0) return "text-soft";
  return change > 0 ? "text-good" : "text-bad";
}

function Row({ table, symbol }: QuoteRowProps) {
  const quote = useLatestKey(table, symbol)?.data;
  const price = useRef<HTMLTableCellElement>(null);
  const before = useRef<number | null>(null);
  const now = quote?.price ?? null;
  useEffect(() => {
    const last = before.current;
    before.current = now;
    if (last !== null && now !== null && now !== last) flash(price.current, now > last ? "up" : "down");
  }, [now]);
  return (
    <tr>
      <th scope="row" className={classNames(cell, "pl-0 text-left font-medium")}>
        {symbol}
      </th>
      <td className={classNames(cell, "truncate text-soft @max-md:hidden")}>{companies[symbol]}</td>
      <td ref={price} className={classNames(figure, "data-[flash=down]:bg-bad-soft data-[flash=up]:bg-good-soft")}>
        {quote === undefined ? none : priceOf(quote.price)}
      </td>
      <td className={classNames(figure, "@max-md:pr-0", toneOf(quote?.change ?? 0))}>
        {quote === undefined ? none : changeOf(quote.change)}
      </td>
      <td className={classNames(figure, "pr-0 @max-md:hidden")}>{quote === undefined ? none : whole(quote.volume)}</td>
    </tr>
  );
}

export const QuoteRow = memo(Row);
