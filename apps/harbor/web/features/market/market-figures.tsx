// What the server published, what came here, and what was saved by not sending every quote.
import type { MarketCounts } from "./market-counts.ts";
import { whole } from "./words-for-quotes.ts";

const nothingYet = "–";

export function MarketFigures({ counts }: { readonly counts: MarketCounts | null }) {
  const figures = [
    { name: "Published", value: perSecond(counts?.perSecond.published), total: total(counts?.published) },
    { name: "Delivered", value: perSecond(counts?.perSecond.delivered), total: total(counts?.delivered) },
    { name: "Saved", value: counts === null ? nothingYet : savedOf(counts), total: total(counts?.saved) },
    { name: "Received", value: traffic(counts?.perSecond.characters), total: "on this connection" },
  ];
  return (
    <dl className="figures grid w-full grid-cols-[repeat(4,minmax(0,1fr))] gap-x-3 @md:w-auto @md:grid-cols-[repeat(4,7rem)]">
      {figures.map(({ name, value, total: sum }) => (
        <div key={name}>
          <dt className="text-xs text-soft">{name}</dt>
          <dd className="text-lg font-semibold whitespace-nowrap @md:text-xl">{value}</dd>
          <dd className="truncate text-xs text-soft @max-md:hidden">{sum}</dd>
        </div>
      ))}
    </dl>
  );
}

function perSecond(count: number | undefined): string {
  return count === undefined ? nothingYet : `${whole(count)}/s`;
}

function total(count: number | undefined): string {
  return count === undefined ? " " : `${whole(count)} in all`;
}

function savedOf({ published, saved }: MarketCounts): string {
  return published === 0 ? nothingYet : `${Math.round((100 * saved) / published)} %`;
}

function traffic(characters: number | undefined): string {
  return characters === undefined ? nothingYet : `${whole(characters / 1_000)} kB/s`;
}
