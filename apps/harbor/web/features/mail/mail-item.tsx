// One mail: to whom, about what, and what it says.
import { Link } from "wouter";
import { dayName, exactTime, timeOf } from "../../theme/words-for-time.ts";
import { useNow } from "../../theme/use-now.ts";
import type { PlacedMail } from "./mailbox-state.ts";

const everyHourMs = 3_600_000;

export function MailItem({ mail }: { readonly mail: PlacedMail }) {
  const { atMs, path, subject, text, to } = mail;
  const day = dayName(atMs, useNow(everyHourMs));
  return (
    <li className="border-b border-line py-4">
      <article aria-label={subject}>
        <div className="flex items-baseline justify-between gap-4">
          <h2 className="min-w-0 font-semibold wrap-anywhere">
            <bdi>{subject}</bdi>
          </h2>
          <time
            dateTime={new Date(atMs).toISOString()}
            title={exactTime(atMs)}
            className="figures shrink-0 text-xs text-soft"
          >
            {day === "Today" ? timeOf(atMs) : `${day}, ${timeOf(atMs)}`}
          </time>
        </div>
        <p className="text-sm text-soft wrap-anywhere">
          To <bdi className="text-text">{to.name}</bdi> <span className="inline-block">{to.address}</span>
        </p>
        <p dir="auto" className="mt-3 wrap-anywhere whitespace-pre-wrap">
          {text}
        </p>
        <Link
          href={path}
          className="mt-3 inline-block text-sm font-medium text-accent underline decoration-transparent underline-offset-2 hover:decoration-current"
        >
          Open the room
        </Link>
      </article>
    </li>
  );
}
