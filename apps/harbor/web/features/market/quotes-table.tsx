// The table of quotes. Rows stay where they are until somebody sorts them: values that move would carry them away.
import { ArrowDown, ArrowUp } from "lucide-react";
import type { LatestTable } from "@tidewire/client/latest";
import { useMemo, useState } from "react";
import { companies } from "../../../contract/companies.ts";
import type { Quote } from "../../../contract/market.ts";
import { classNames } from "../../theme/class-names.ts";
import { QuoteRow } from "./quote-row.tsx";
import { type SortColumn, sortedSymbols, type Sorting, sortingAfter } from "./sort-order.ts";

interface QuotesTableProps {
  /** The symbols that have a quote. */
  readonly keys: readonly string[];
  readonly table: LatestTable<Quote>;
  readonly isStale: boolean;
}

const listed = Object.keys(companies);

const columns: readonly { readonly column: SortColumn; readonly name: string; readonly className: string }[] = [
  { column: "symbol", name: "Symbol", className: "w-24 text-left" },
  { column: "price", name: "Price", className: "w-28 text-right" },
  { column: "change", name: "Change", className: "w-28 text-right @max-md:pr-0" },
  { column: "volume", name: "Volume", className: "w-36 text-right @max-md:hidden" },
];

export function QuotesTable({ keys, table, isStale }: QuotesTableProps) {
  const [sorting, setSorting] = useState<Sorting>({ column: "symbol", direction: "ascending" });
  const symbols = useMemo(
    () => sortedSymbols(listed, (symbol) => table.get(symbol)?.data, sorting),
    // Sorted again when a quote is the first of its symbol.
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- the table is read by symbol
    [keys, table, sorting],
  );
  const [first, ...others] = columns;
  const header = (each: (typeof columns)[number]) => (
    <SortHeader
      key={each.column}
      {...each}
      sorting={sorting}
      onSort={() => setSorting(sortingAfter(sorting, each.column))}
    />
  );
  return (
    <div className="min-h-0 flex-1 overflow-y-auto px-4 @sm:px-6">
      <table
        aria-busy={isStale && keys.length === 0}
        className={classNames(
          "mx-auto w-full max-w-6xl table-fixed border-separate border-spacing-0",
          isStale && "text-soft",
        )}
      >
        <caption className="sr-only">Quotes by symbol</caption>
        <thead>
          <tr>
            {first !== undefined && header(first)}
            <th scope="col" className={classNames(cell, "text-left text-xs font-normal text-soft @max-md:hidden")}>
              Company
            </th>
            {others.map(header)}
          </tr>
        </thead>
        <tbody>
          {symbols.map((symbol) => (
            <QuoteRow key={symbol} table={table} symbol={symbol} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const cell = "sticky top-0 z-10 h-9 border-b border-line bg-bg px-2 first:pl-0 last:pr-0";

interface SortHeaderProps {
  readonly column: SortColumn;
  readonly name: string;
  readonly className: string;
  readonly sorting: Sorting;
  readonly onSort: () => void;
}

function SortHeader({ column, name, className, sorting, onSort }: SortHeaderProps) {
  const isSorted = sorting.column === column;
  const Arrow = sorting.direction === "ascending" ? ArrowUp : ArrowDown;
  return (
    <th scope="col" aria-sort={isSorted ? sorting.direction : "none"} className={classNames(cell, className)}>
      <button
        type="button"
        onClick={onSort}
        title="Sorts by the values of now"
        className="inline-flex items-center gap-1 rounded-sm align-middle text-xs font-normal text-soft hover:text-text"
      >
        {column === "symbol" && name}
        <Arrow aria-hidden className={classNames("size-3.5", !isSorted && "invisible")} />
        {column !== "symbol" && name}
      </button>
    </th>
  );
}
