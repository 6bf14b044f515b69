// Analytics: what was said in the last hour, by how many, and what the server did for it; counted off its way by workers.
import { useLatest } from "@tidewire/react";
import type { ReactNode } from "react";
import { analytics, type Overview } from "../../../contract/analytics.ts";
import { ErrorNote } from "../../frame/error-note.tsx";
import { PageHeader } from "../../frame/page-header.tsx";
import { useTitle } from "../../frame/unread.tsx";
import { useIsDevelopment } from "../../session/session-provider.tsx";
import { sentenceFor } from "../../theme/words-for-errors.ts";
import { whole } from "../market/words-for-quotes.ts";
import { BarsChart } from "./bars-chart.tsx";
import { LinesChart } from "./lines-chart.tsx";
import { RecountPanel } from "./recount-panel.tsx";
import { type Series, seriesOf, sumOf, totalsOf } from "./series.ts";
import { millisecondsOf } from "./words-for-milliseconds.ts";

export function AnalyticsPage() {
  useTitle("Analytics");
  const { table, isStale, status, channel } = useLatest(analytics, { rate: 2, pauseWhenHidden: true });
  const overview = table.get("overview")?.data;
  return (
    <main className="flex min-w-0 flex-1 flex-col">
      <PageHeader title="Analytics" detail="The last hour, minute by minute, counted by a worker" />
      <div className="min-h-0 flex-1 overflow-y-auto p-4 @sm:p-6">
        {status.kind === "refused" ? (
          <ErrorNote
            what="The analytics cannot be shown."
            why={sentenceFor(status.error)}
            action="Try again"
            onAction={() => channel.open()()}
          />
        ) : (
          <div className="mx-auto grid max-w-5xl gap-y-8">
            {overview === undefined ? <NothingYet /> : <Charts overview={overview} isStale={isStale} />}
          </div>
        )}
      </div>
    </main>
  );
}

function NothingYet() {
  return <p className="appears-late py-16 text-center text-soft">The figures come with the connection.</p>;
}

function Charts({ overview, isStale }: { readonly overview: Overview; readonly isStale: boolean }) {
  const { fromMs, rooms, people, deliveries, acceptedMs } = overview;
  const isDevelopment = useIsDevelopment();
  const series = seriesOf(rooms);
  const lines = [
    { name: "99 % within", values: acceptedMs.most },
    { name: "half within", values: acceptedMs.half, isSoft: true },
  ];
  return (
    <>
      <Figures overview={overview} />
      <Chart title="Messages" detail={<Legend series={series} />}>
        <BarsChart fromMs={fromMs} series={series} noun="messages" className="h-56" />
      </Chart>
      <div className="grid gap-x-8 gap-y-8 @3xl:grid-cols-3">
        <Chart title="People who wrote">
          <BarsChart fromMs={fromMs} series={[onlySeries(people)]} noun="people" className="h-36" />
        </Chart>
        <Chart title="Deliveries">
          <LinesChart
            fromMs={fromMs}
            lines={[{ name: "deliveries", values: deliveries }]}
            label="Chart of deliveries by minute"
            words={shortened}
            className="h-36"
          />
        </Chart>
        <Chart title="Time to publish" detail={<span className="text-xs text-soft">99 %, dotted: half</span>}>
          <LinesChart
            fromMs={fromMs}
            lines={lines}
            label="Chart of the time to publish by minute"
            words={millisecondsOf}
            className="h-36"
          />
        </Chart>
      </div>
      <Counted overview={overview} isStale={isStale}>
        {isDevelopment && <RecountPanel />}
      </Counted>
    </>
  );
}

const onlySeries = (counts: readonly number[]): Series => ({ id: "", name: "", counts, colour: "var(--accent)" });

const shortNumber = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const shortened = (value: number): string => shortNumber.format(value);

interface ChartProps {
  readonly title: string;
  readonly detail?: ReactNode;
  readonly children: ReactNode;
}

function Chart({ title, detail, children }: ChartProps) {
  return (
    <section aria-label={title} className="min-w-0">
      <div className="mb-3 flex flex-wrap items-baseline justify-between gap-x-6 gap-y-1">
        <h2 className="font-semibold">{title}</h2>
        {detail}
      </div>
      {children}
    </section>
  );
}

function Legend({ series }: { readonly series: readonly Series[] }) {
  return (
    <ul className="figures flex min-w-0 flex-wrap gap-x-4 gap-y-1 text-xs text-soft">
      {series.map(({ id, name, colour, counts }) => (
        <li key={id} className="flex min-w-0 items-center gap-1.5">
          <span aria-hidden className="size-2.5 shrink-0 rounded-sm" style={{ background: colour }} />
          <bdi className="truncate">{name}</bdi> {whole(sumOf(counts))}
        </li>
      ))}
    </ul>
  );
}

function Figures({ overview: { rooms, activePeople, deliveries, acceptedMs } }: { readonly overview: Overview }) {
  const counts = rooms.map(({ messages }) => ({ counts: messages }));
  const minute = deliveries.findLast((one) => one !== null) ?? null;
  const most = acceptedMs.most.findLast((one) => one !== null) ?? null;
  const figures = [
    { name: "Messages", value: whole(sumOf(totalsOf(counts))), unit: "in the last hour" },
    { name: "People", value: whole(activePeople), unit: "wrote something" },
    { name: "Deliveries", value: minute === null ? "–" : shortened(minute), unit: "in the last minute" },
    { name: "To publish", value: most === null ? "–" : millisecondsOf(most), unit: "for 99 % of all" },
  ];
  return (
    <dl className="figures grid grid-cols-2 gap-x-6 gap-y-4 @lg:grid-cols-4">
      {figures.map(({ name, value, unit }) => (
        <div key={name} className="min-w-0">
          <dt className="text-xs text-soft">{name}</dt>
          <dd className="text-2xl font-semibold whitespace-nowrap">{value}</dd>
          <dd className="text-xs text-soft">{unit}</dd>
        </div>
      ))}
    </dl>
  );
}

function areCounted(count: number): string {
  return count === 1 ? "1 message is counted." : `All ${whole(count)} messages are counted.`;
}

function wait(count: number): string {
  return count === 1 ? "1 message waits to be counted." : `${whole(count)} messages wait to be counted.`;
}

interface CountedProps {
  readonly overview: Overview;
  readonly isStale: boolean;
  readonly children: ReactNode;
}

function Counted({ overview: { counted, waiting }, isStale, children }: CountedProps) {
  const words = waiting === 0 ? areCounted(counted) : wait(waiting);
  return (
    <div className="flex flex-wrap items-start justify-between gap-x-8 gap-y-3 border-t border-line pt-4">
      <p role="status" className="figures text-sm text-soft">
        {isStale ? "No connection. These are the last figures." : words}
      </p>
      {children}
    </div>
  );
}
