// What happened, on one time axis: what this page did on the left, what the server did on the right; newest first.
import type { LogEntry } from "../../connection/event-log.ts";
import { classNames } from "../../theme/class-names.ts";
import { timeWithSeconds } from "../../theme/words-for-time.ts";
import { plainSummary } from "./plain-summary.ts";

const tones: Readonly<Record<LogEntry["tone"], string>> = {
  plain: "text-text",
  good: "text-good",
  bad: "text-warn",
  yours: "font-medium text-accent",
};

export function EventTimeline({ entries }: { readonly entries: readonly LogEntry[] }) {
  return (
    <section aria-label="What happened" className="min-w-0">
      <p className="max-w-xl text-lg font-semibold">{plainSummary(entries)}</p>
      <table className="mt-5 w-full table-fixed border-collapse text-sm">
        <thead>
          <tr className="border-b border-line text-left text-xs text-soft">
            <th scope="col" className="w-20 py-1.5 font-normal">
              Time
            </th>
            <th scope="col" className="py-1.5 pr-4 font-normal">
              This page
            </th>
            <th scope="col" className="py-1.5 font-normal">
              The server
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.toReversed().map((entry) => (
            <tr key={entry.id} className="border-b border-line align-top">
              <td className="figures py-1.5 text-soft">{timeWithSeconds(entry.atMs)}</td>
              <td className={classNames("py-1.5 pr-4 wrap-anywhere", tones[entry.tone])}>
                {entry.side === "page" && entry.text}
              </td>
              <td className={classNames("py-1.5 wrap-anywhere", tones[entry.tone])}>
                {entry.side === "server" && entry.text}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
