// One message: who wrote it, when, what, and how far it has come.
import { CircleAlert, Clock } from "lucide-react";
import { memo } from "react";
import { Avatar, personStyle } from "../../theme/avatar.tsx";
import { classNames } from "../../theme/class-names.ts";
import { dayName, exactTime, shortTime, timeOf } from "../../theme/words-for-time.ts";
import { useNow } from "../../theme/use-now.ts";
import { MessageText } from "./message-text.tsx";
import { useOutbox } from "./outbox-provider.tsx";
import type { RowPlan } from "./row-plan.ts";
import type { Row } from "./rows.ts";

const everyHourMs = 3_600_000;

interface MessageRowProps {
  readonly row: Row;
  readonly plan: RowPlan;
}

export const MessageRow = memo(
  function MessageRow({ row, plan }: MessageRowProps) {
    return (
      <>
        {plan.startsDay && <DayDivider atMs={row.atMs} />}
        {plan.startsNew && <NewLine />}
        <article
          className={classNames(
            "group grid grid-cols-[2.25rem_minmax(0,1fr)] gap-x-3 px-4 hover:bg-[color-mix(in_oklab,var(--hover)_50%,transparent)]",
            plan.showsAuthor ? "pt-2.5 pb-0.5" : "py-0.5",
          )}
          data-state={row.state}
        >
          {plan.showsAuthor ? <Avatar id={row.author.id} name={row.author.name} /> : <QuietTime atMs={row.atMs} />}
          <div className="min-w-0">
            {plan.showsAuthor && <Heading row={row} />}
            <Body row={row} />
          </div>
        </article>
      </>
    );
  },
  (before, after) =>
    before.row === after.row &&
    before.plan.startsDay === after.plan.startsDay &&
    before.plan.startsNew === after.plan.startsNew &&
    before.plan.showsAuthor === after.plan.showsAuthor,
);

function Heading({ row }: { readonly row: Row }) {
  return (
    <div className="flex items-baseline gap-2 leading-5">
      <bdi style={personStyle(row.author.id)} className="person min-w-0 truncate font-semibold">
        {row.author.name}
      </bdi>
      <time
        dateTime={new Date(row.atMs).toISOString()}
        title={exactTime(row.atMs)}
        className="figures shrink-0 text-xs text-soft"
      >
        {timeOf(row.atMs)}
      </time>
    </div>
  );
}

/** The time of a following row, when somebody points at it. */
function QuietTime({ atMs }: { readonly atMs: number }) {
  return (
    <time
      dateTime={new Date(atMs).toISOString()}
      title={exactTime(atMs)}
      className="figures pt-0.5 text-right text-[0.6875rem] whitespace-nowrap text-soft opacity-0 group-focus-within:opacity-100 group-hover:opacity-100"
    >
      {shortTime(atMs)}
    </time>
  );
}

function Body({ row }: { readonly row: Row }) {
  const isOnItsWay = row.state === "sending" || row.state === "waiting" || row.state === "kept";
  return (
    <div className="flex items-start gap-2">
      <div className={classNames("min-w-0 transition-opacity", isOnItsWay && "opacity-70")}>
        <MessageText text={row.text} />
        {row.state === "failed" && <Failed row={row} />}
      </div>
      {row.state === "waiting" && (
        <span title="Kept here. It goes out when there is a connection." className="mt-0.5 shrink-0 text-soft">
          <Clock aria-hidden className="size-4" />
          <span className="sr-only">Waiting for a connection</span>
        </span>
      )}
      {row.state === "sending" && <span className="sr-only">Sending</span>}
    </div>
  );
}

function Failed({ row }: { readonly row: Row }) {
  const outbox = useOutbox();
  const action = "font-medium text-text underline decoration-line-strong underline-offset-2 hover:decoration-current";
  return (
    <p role="alert" className="mt-1 flex flex-wrap items-center gap-x-3 text-sm text-bad">
      <span className="inline-flex items-center gap-1.5">
        <CircleAlert aria-hidden className="size-4" />
        Not sent. {row.why} It is kept here.
      </span>
      <button type="button" className={action} onClick={() => outbox.retry(row.nonce)}>
        Retry
      </button>
      <button type="button" className={action} onClick={() => outbox.discard(row.nonce)}>
        Discard
      </button>
    </p>
  );
}

function DayDivider({ atMs }: { readonly atMs: number }) {
  const today = useNow(everyHourMs);
  return (
    <div className="flex items-center gap-3 px-4 pt-4 pb-1 text-xs text-soft">
      <span className="h-px flex-1 bg-line" />
      <span title={exactTime(atMs)}>{dayName(atMs, today)}</span>
      <span className="h-px flex-1 bg-line" />
    </div>
  );
}

function NewLine() {
  return (
    <div
      role="separator"
      aria-label="New messages"
      className="flex items-center gap-2 px-4 pt-2 pb-1 text-xs font-medium text-accent"
    >
      <span className="h-px flex-1 bg-accent" />
      new
    </div>
  );
}
