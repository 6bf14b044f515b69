// Live: one number a second from the server, as a line; it can be paused, and catches up.
import { Pause, Play } from "lucide-react";
import { PageHeader } from "../../frame/page-header.tsx";
import { useTitle } from "../../frame/unread.tsx";
import { Button } from "../../theme/button.tsx";
import { FeedChart } from "./feed-chart.tsx";
import { type FeedFigures, figuresOf } from "./feed-points.ts";
import { FlowNote } from "./flow-note.tsx";
import { useNumbers } from "./use-numbers.ts";

export function LivePage() {
  const { feed, flow, isLive, pause, resume } = useNumbers();
  useTitle("Live");
  const isPaused = flow.kind === "paused";
  return (
    <main className="flex min-w-0 flex-1 flex-col">
      <PageHeader title="Live" detail="A number from 1 to 10, once a second, from the server" />
      <div className="min-h-0 flex-1 overflow-y-auto p-4 @sm:p-6">
        {/* The chart takes what the figures and the legend leave, so that the legend is in sight. */}
        <section
          aria-label="Number feed"
          className="mx-auto grid h-full max-w-5xl grid-rows-[auto_minmax(12rem,30rem)_auto] content-start gap-y-4"
        >
          <div className="flex flex-wrap items-end justify-between gap-x-8 gap-y-4">
            <Figures figures={figuresOf(feed.points)} />
            <div className="flex items-center gap-3">
              <FlowNote flow={flow} />
              <Button className="w-26" onClick={isPaused ? resume : pause}>
                {isPaused ? <Play aria-hidden /> : <Pause aria-hidden />}
                {isPaused ? "Resume" : "Pause"}
              </Button>
            </div>
          </div>
          <div className="relative min-h-0">
            <FeedChart feed={feed} pausedSinceMs={isPaused ? flow.sinceMs : null} className="h-full" />
            {feed.points.length === 0 && <NothingYet isLive={isLive} />}
          </div>
          <Legend />
        </section>
      </div>
    </main>
  );
}

function Figures({ figures }: { readonly figures: FeedFigures | null }) {
  const shown = [
    { name: "Last", value: figures === null ? "–" : String(figures.last) },
    { name: "Mean", value: figures === null ? "–" : figures.mean.toFixed(1) },
    { name: "Spread", value: figures === null ? "–" : `± ${figures.spread.toFixed(1)}` },
  ];
  return (
    <dl className="figures flex gap-8" title={figures === null ? undefined : `Over the last ${figures.count} numbers`}>
      {shown.map(({ name, value }) => (
        <div key={name} className="min-w-14">
          <dt className="text-xs text-soft">{name}</dt>
          <dd className="text-2xl font-semibold whitespace-nowrap">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function NothingYet({ isLive }: { readonly isLive: boolean }) {
  return (
    <p className="appears-late absolute inset-x-0 top-[58%] text-center text-soft">
      {isLive ? "The first number is on its way." : "There is no connection. The numbers come with it."}
    </p>
  );
}

function Legend() {
  return (
    <ul className="flex flex-wrap gap-x-6 gap-y-1 border-t border-line pt-3 text-xs text-soft">
      <li className="flex items-center gap-2">
        <span aria-hidden className="h-3 w-4 rounded-sm bg-warn-soft ring-1 ring-line" />
        no connection
      </li>
      <li className="flex items-center gap-2">
        <span aria-hidden className="h-3 w-0.5 bg-good" />
        back, with everything that was missed
      </li>
      <li className="flex items-center gap-2">
        <span aria-hidden className="h-3 w-0.5 bg-warn" />
        back, with a gap
      </li>
    </ul>
  );
}
