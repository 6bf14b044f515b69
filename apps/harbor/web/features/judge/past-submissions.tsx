// What one has handed in for a problem before.
import { Link } from "wouter";
import type { Submission } from "../../../contract/judge.ts";
import { classNames } from "../../theme/class-names.ts";
import { useNow } from "../../theme/use-now.ts";
import { dayName, exactTime, timeOf } from "../../theme/words-for-time.ts";
import { toneText, verdictWords } from "./words-for-verdicts.ts";

interface PastSubmissionsProps {
  /** `null` while they are not known. */
  readonly list: readonly Submission[] | null;
  readonly trouble: string | null;
  readonly current: number | null;
}

export function PastSubmissions({ list, trouble, current }: PastSubmissionsProps) {
  return (
    <section aria-label="Submissions" className="mt-6 min-w-0">
      <h3 className="text-sm font-semibold">Your submissions</h3>
      {trouble !== null && <p className="mt-1 text-sm text-soft">They could not be read. {trouble}</p>}
      {list?.length === 0 && <p className="mt-1 text-sm text-soft">None yet.</p>}
      <ul className="mt-1">
        {list?.map((each) => (
          <li key={each.id}>
            <PastSubmission submission={each} isCurrent={each.id === current} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function PastSubmission({ submission, isCurrent }: { readonly submission: Submission; readonly isCurrent: boolean }) {
  const { id, problem, judged, atMs, language } = submission;
  const words = judged === null ? null : verdictWords[judged.verdict];
  const day = dayName(atMs, useNow(60_000));
  return (
    <Link
      href={`/judge/${problem}/${id}`}
      aria-current={isCurrent ? "true" : undefined}
      title={exactTime(atMs)}
      className={classNames(
        "figures -mx-2 flex h-8 items-center gap-3 rounded-md px-2 text-sm hover:bg-hover max-[40rem]:h-10",
        isCurrent && "bg-hover",
      )}
    >
      <span className={classNames("min-w-0 flex-1 truncate font-medium", toneText[words?.tone ?? "soft"])}>
        {words?.name ?? "Being judged"}
      </span>
      {judged !== null && judged.tests > 0 && (
        <span className="shrink-0">
          {judged.passed} of {judged.tests}
        </span>
      )}
      <span className="shrink-0 text-soft max-[40rem]:hidden">{language === "typescript" ? "TS" : "JS"}</span>
      <span className="shrink-0 text-soft">
        {day === "Today" ? "" : `${day}, `}
        {timeOf(atMs)}
      </span>
    </Link>
  );
}
