// What comes of a program: its place in the line, each test as it is run, what it says, and its verdict.
import { CircleAlert, CircleCheck, CircleDashed, LoaderCircle } from "lucide-react";
import type { Judged, TestRow, WholeSubmission } from "../../../contract/judge.ts";
import { Button } from "../../theme/button.tsx";
import { classNames } from "../../theme/class-names.ts";
import type { Stage, SubmissionView } from "./submission-state.ts";
import type { SubmissionState } from "./use-submission.ts";
import { placeWords, sizeOf, testWords, toneText, verdictWords } from "./words-for-verdicts.ts";

interface ResultPanelProps {
  readonly state: SubmissionState;
  /** How many tests of the problem are shown. */
  readonly shown: number;
  readonly onTake: (whole: WholeSubmission) => void;
}

export function ResultPanel({ state, shown, onTake }: ResultPanelProps) {
  return (
    <section aria-label="Result" aria-busy={state.kind === "reading"} className="min-w-0">
      {state.kind === "failed" && (
        <p role="alert" className="text-soft">
          This submission could not be read. {state.why}
        </p>
      )}
      {state.kind === "ready" && (
        <>
          <Headline stage={state.view.stage} />
          <Details view={state.view} shown={shown} />
          {state.view.stage.kind === "judged" && (
            <Button className="mt-3" onClick={() => onTake(state.whole)}>
              Edit this program
            </Button>
          )}
        </>
      )}
    </section>
  );
}

function Headline({ stage }: { readonly stage: Stage }) {
  const [words, tone] = headlineOf(stage);
  return (
    <div
      role="status"
      data-testid="verdict"
      className="figures flex min-h-8 min-w-0 items-start gap-2 pt-1 @max-4xl:min-h-13"
    >
      <Sign stage={stage} className={classNames("mt-px size-5 shrink-0", tone)} />
      <p className="min-w-0">
        <span className={classNames("font-semibold", tone)}>{words}</span>{" "}
        <span className="text-soft @max-4xl:block">{detailOf(stage)}</span>
      </p>
    </div>
  );
}

function headlineOf(stage: Stage): readonly [words: string, tone: string] {
  switch (stage.kind) {
    case "waiting":
      return ["Waiting", "text-soft"];
    case "running":
      return ["Running", "text-text"];
    case "retrying":
      return ["Waiting", "text-warn"];
    case "judged": {
      const { name, tone } = verdictWords[stage.judged.verdict];
      return [name, toneText[tone]];
    }
  }
}

function detailOf(stage: Stage): string {
  switch (stage.kind) {
    case "waiting":
      return stage.before === null ? "" : placeWords(stage.before);
    case "running":
      return stage.tests === null ? "" : `test ${stage.test} of ${stage.tests}`;
    case "retrying":
      return "The judge failed with it, and tries again.";
    case "judged":
      return figuresOf(stage.judged);
  }
}

function figuresOf({ verdict, passed, tests, ms, kb, message }: Judged): string {
  if (verdict === "lost") return message;
  if (verdict === "refused") return "Nothing of it was run.";
  return `${passed} of ${tests} tests passed · ${ms} ms · ${sizeOf(kb)}`;
}

function Sign({ stage, className }: { readonly stage: Stage; readonly className: string }) {
  if (stage.kind === "running")
    return <LoaderCircle aria-hidden className={classNames(className, "motion-safe:animate-spin")} />;
  if (stage.kind !== "judged") return <CircleDashed aria-hidden className={className} />;
  return stage.judged.verdict === "accepted" ? (
    <CircleCheck aria-hidden className={className} />
  ) : (
    <CircleAlert aria-hidden className={className} />
  );
}

function Details({ view, shown }: { readonly view: SubmissionView; readonly shown: number }) {
  const { stage, rows, log } = view;
  const refusal = stage.kind === "judged" && stage.judged.verdict === "refused" ? stage.judged.message : "";
  return (
    <>
      {refusal !== "" && <Output label="Why it cannot be read" text={refusal} />}
      <TestTable rows={withThoseToCome(rows, stage)} shown={shown} />
      {log !== "" && (
        <>
          <h3 className="mt-4 text-sm font-semibold">Log</h3>
          <Output label="Log" text={log} />
        </>
      )}
    </>
  );
}

interface TestToCome {
  readonly test: number;
  readonly verdict: null;
}

/** Each has its place before it is run, so that nothing below moves when it is. */
function withThoseToCome(rows: readonly TestRow[], stage: Stage): readonly (TestRow | TestToCome)[] {
  const count = stage.kind === "running" ? (stage.tests ?? 0) : 0;
  const missing = Math.max(0, count - rows.length);
  const others = Array.from({ length: missing }, (_, index) => ({ test: rows.length + index + 1, verdict: null }));
  return [...rows, ...others];
}

/** It scrolls by the keyboard too. */
function Output({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <pre
      tabIndex={0}
      role="region"
      aria-label={label}
      className="mt-1 max-h-48 overflow-auto rounded-md bg-sunken p-3 font-mono text-xs break-words whitespace-pre-wrap"
    >
      {text}
    </pre>
  );
}

const room = "py-1.5 not-last:pr-3 align-top";
const line = "border-b border-line";
const cell = `${line} ${room}`;

function TestTable({ rows, shown }: { readonly rows: readonly (TestRow | TestToCome)[]; readonly shown: number }) {
  if (rows.length === 0) return null;
  return (
    <table className="figures mt-2 w-full table-fixed border-separate border-spacing-0 text-sm">
      <thead>
        <tr className="text-left text-xs text-soft [&>th]:font-normal">
          <th scope="col" className={classNames(cell, "w-18")}>
            Test
          </th>
          <th scope="col" className={cell}>
            Verdict
          </th>
          <th scope="col" className={classNames(cell, "w-18 text-right")}>
            Time
          </th>
          <th scope="col" className={classNames(cell, "w-16 text-right")}>
            Memory
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <TestLine key={row.test} row={row} isShown={row.test <= shown} />
        ))}
      </tbody>
    </table>
  );
}

function TestLine({ row, isShown }: { readonly row: TestRow | TestToCome; readonly isShown: boolean }) {
  const isRun = row.verdict !== null && row.verdict !== "unseen";
  const note = row.verdict === null ? "" : row.note;
  const ownCell = note === "" ? cell : classNames(room, "pb-0");
  return (
    <>
      <tr>
        <th scope="row" className={classNames(ownCell, "text-left font-normal whitespace-nowrap")}>
          {row.test}
          {!isShown && <span className="text-soft"> hidden</span>}
        </th>
        <td className={ownCell}>
          {row.verdict === null ? <span className="text-soft">–</span> : <VerdictOf verdict={row.verdict} />}
        </td>
        <td className={classNames(ownCell, "text-right whitespace-nowrap")}>{isRun ? `${row.ms} ms` : "–"}</td>
        <td className={classNames(ownCell, "text-right whitespace-nowrap")}>{isRun ? sizeOf(row.kb) : "–"}</td>
      </tr>
      {note !== "" && (
        // On a phone the verdict's own column is three words wide.
        <tr>
          <td
            colSpan={4}
            className={classNames(
              line,
              "pt-0.5 pb-1.5 pl-18 font-mono text-xs break-words whitespace-pre-wrap text-soft",
            )}
          >
            {row.verdict === "wrong" ? `It returned ${note}` : note}
          </td>
        </tr>
      )}
    </>
  );
}

function VerdictOf({ verdict }: { readonly verdict: TestRow["verdict"] }) {
  const { name, tone } = testWords[verdict];
  return <span className={toneText[tone]}>{name}</span>;
}
