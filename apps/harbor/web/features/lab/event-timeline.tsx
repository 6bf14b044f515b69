// What happened, on one time axis: what this page did on the left, what the server did on the right; newest last.
import type { LogEntry } from "../../connection/event-log.ts";
import { classNames } from "../../theme/class-names.ts";
import { useAnchoredScroll } from "../../theme/use-anchored-scroll.ts";
import { timeWithTenths } from "../../theme/words-for-time.ts";

const tones: Readonly<Record<LogEntry["tone"], string>> = {
  plain: "text-text",
  good: "text-good",
  bad: "text-warn",
  yours: "font-medium text-accent",
};

export function EventTimeline({ entries }: { readonly entries: readonly LogEntry[] }) {
  const { scrollerRef } = useAnchoredScroll({ opensAtBottom: true });
  return (
    <section aria-label="What happened" className="flex min-h-0 min-w-0 flex-col order-4 @4xl:order-none @4xl:flex-1">
      <h2 className="font-semibold">What happened</h2>
      <div
        ref={scrollerRef}
        role="region"
        aria-label="Timeline"
        // It scrolls, so the keyboard has to get there.
        tabIndex={0}
        className="mt-2 h-[24rem] overflow-y-auto @4xl:h-auto @4xl:min-h-0 @4xl:flex-1"
      >
        <table className="w-full table-fixed border-collapse text-sm">
          <thead className="sticky top-0 bg-bg">
            <tr className="text-left text-xs text-soft shadow-[0_1px_0_var(--line)]">
              <Head name="Time" className="w-20" />
              <Head name="This page" className="pr-4" />
              <Head name="The server" />
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <EntryRow key={entry.id} entry={entry} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Head({ name, className = "" }: { readonly name: string; readonly className?: string }) {
  return (
    <th scope="col" className={classNames("py-1.5 font-normal", className)}>
      {name}
    </th>
  );
}

function EntryRow({ entry }: { readonly entry: LogEntry }) {
  const tone = tones[entry.tone];
  return (
    <tr className="border-b border-line align-top">
      <td className="figures py-1.5 text-soft">{timeWithTenths(entry.atMs)}</td>
      <td className={classNames("py-1.5 pr-4 wrap-anywhere", tone)}>{entry.side === "page" && entry.text}</td>
      <td className={classNames("py-1.5 wrap-anywhere", tone)}>{entry.side === "server" && entry.text}</td>
    </tr>
  );
}
