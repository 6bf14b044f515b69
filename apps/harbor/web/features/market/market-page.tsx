// Market: the newest quote of every symbol, as often as one likes to see it, and what that saves.
import { Pause, Play } from "lucide-react";
import { useLatestKeys } from "@tidewire/react";
import { useState } from "react";
import { market, rates, venue } from "../../../contract/market.ts";
import { ErrorNote } from "../../frame/error-note.tsx";
import { PageHeader } from "../../frame/page-header.tsx";
import { useTitle } from "../../frame/unread.tsx";
import { Button } from "../../theme/button.tsx";
import { sentenceFor } from "../../theme/words-for-errors.ts";
import { MarketFigures } from "./market-figures.tsx";
import { MarketNote } from "./market-note.tsx";
import { QuotesTable } from "./quotes-table.tsx";
import { type Rate, RateSlider } from "./rate-slider.tsx";
import { useMarketReport } from "./use-market-report.ts";

const usualRate: Rate = rates[5];

export function MarketPage() {
  const [rate, setRate] = useState<Rate>(usualRate);
  const view = useLatestKeys(market, { venue }, { rate, pauseWhenHidden: true });
  const { channel, isPaused, isStale, keys, pause, resume, status, table } = view;
  const { counts, lateMs } = useMarketReport(channel, isPaused);
  useTitle("Market");
  return (
    <main className="flex min-w-0 flex-1 flex-col">
      <PageHeader title="Market" detail="Made-up companies, 2,000 quotes a second" />
      {status.kind === "refused" ? (
        <ErrorNote
          what="The market cannot be shown."
          why={sentenceFor(status.error)}
          action="Try again"
          onAction={() => channel.open({ rate })()}
        />
      ) : (
        <>
          <section
            aria-label="How often, and what it saves"
            className="shrink-0 border-b border-line px-4 py-3 @sm:px-6"
          >
            <div className="mx-auto flex max-w-6xl flex-wrap items-end justify-between gap-x-8 gap-y-3">
              <MarketFigures counts={counts} />
              <div className="flex w-full items-end gap-3 @lg:w-auto">
                <RateSlider rate={rate} onChoose={setRate} />
                <Button className="w-26" onClick={isPaused ? resume : pause}>
                  {isPaused ? <Play aria-hidden /> : <Pause aria-hidden />}
                  {isPaused ? "Resume" : "Pause"}
                </Button>
              </div>
              <MarketNote
                symbols={keys.length}
                isPaused={isPaused}
                status={status}
                passedOver={counts?.passedOver ?? null}
                lateMs={lateMs}
              />
            </div>
          </section>
          <QuotesTable keys={keys} table={table} isStale={isStale} />
        </>
      )}
    </main>
  );
}
