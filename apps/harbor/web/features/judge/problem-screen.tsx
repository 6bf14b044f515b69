// One problem: what it asks for, the program being written, and what came of the one that was handed in.
import { Send } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import type { Language, Submission, WholeSubmission } from "../../../contract/judge.ts";
import type { Problem } from "../../../contract/judge-problems.ts";
import { useMe } from "../../session/session-provider.tsx";
import { Button } from "../../theme/button.tsx";
import { CodeEditor } from "./code-editor.tsx";
import { chooseLanguage, chosenLanguage, keepDraft, readDraft } from "./drafts.ts";
import { LanguageChoice } from "./language-choice.tsx";
import { PastSubmissions } from "./past-submissions.tsx";
import { ResultPanel } from "./result-panel.tsx";
import { Statement } from "./statement.tsx";
import { useHandIn } from "./use-hand-in.ts";
import { useSubmission } from "./use-submission.ts";
import type { Submissions } from "./use-submissions.ts";

interface ProblemScreenProps {
  readonly problem: Problem;
  /** The submission that is looked at. */
  readonly submission: number | null;
  readonly submissions: Submissions;
}

export function ProblemScreen({ problem, submission, submissions }: ProblemScreenProps) {
  const draft = useDraft(problem);
  const own = submissions.list?.filter((each) => each.problem === problem.id) ?? null;
  return (
    <div className="min-h-0 flex-1 overflow-y-auto @4xl:grid @4xl:grid-cols-[minmax(18rem,24rem)_minmax(0,1fr)] @4xl:overflow-hidden">
      <div className="p-4 @sm:p-6 @4xl:overflow-y-auto @4xl:border-r @4xl:border-line">
        <Statement problem={problem} />
        <div className="@max-4xl:hidden">
          <PastSubmissions list={own} trouble={submissions.trouble} current={submission} />
        </div>
      </div>
      <div className="flex min-h-0 min-w-0 flex-col border-t border-line @4xl:border-t-0">
        <Writing problem={problem} draft={draft} submissions={submissions} />
        <div className="min-h-0 p-4 @sm:px-6 @4xl:h-[45%] @4xl:overflow-y-auto">
          {submission === null ? (
            <p className="text-soft">What comes of your program is shown here.</p>
          ) : (
            <Result key={submission} id={submission} problem={problem} end={submissions.end} onTake={draft.take} />
          )}
          {isOver(submission, own) && (
            <div className="@4xl:hidden">
              <PastSubmissions list={own} trouble={submissions.trouble} current={submission} />
            </div>
          )}
        </div>
      </div>
    </div>
  );
}

/** Below a result that still grows nothing could stay where it is. */
function isOver(submission: number | null, own: readonly Submission[] | null): boolean {
  if (submission === null) return true;
  return own !== null && !own.some(({ id, judged }) => id === submission && judged === null);
}

interface Draft {
  readonly language: Language;
  readonly text: string;
  /** Counts the texts that were put into the editor from outside. */
  readonly version: number;
  readonly write: (text: string) => void;
  readonly choose: (language: Language) => void;
  readonly take: (whole: WholeSubmission) => void;
}

function useDraft(problem: Problem): Draft {
  const person = useMe().id;
  const begin = (language: Language, version: number) => ({
    language,
    version,
    text: readDraft({ person, problem, language }),
  });
  const [state, setState] = useState(() => begin(chosenLanguage(), 0));
  return {
    ...state,
    write: (text) => {
      keepDraft({ person, problem, language: state.language }, text);
      setState((before) => ({ ...before, text }));
    },
    choose: (language) => {
      chooseLanguage(language);
      setState((before) => begin(language, before.version + 1));
    },
    take: ({ language, source }) => {
      keepDraft({ person, problem, language }, source);
      chooseLanguage(language);
      setState((before) => begin(language, before.version + 1));
    },
  };
}

interface WritingProps {
  readonly problem: Problem;
  readonly draft: Draft;
  readonly submissions: Submissions;
}

function Writing({ problem, draft, submissions }: WritingProps) {
  const [, navigate] = useLocation();
  const { handIn, isBusy, trouble } = useHandIn((submission) => {
    submissions.add(submission);
    navigate(`/judge/${problem.id}/${submission.id}`);
  });
  const { language, text, version } = draft;
  const submit = (): void => handIn({ problem: problem.id, language, source: text });
  return (
    <>
      <div className="h-80 min-h-0 shrink-0 @4xl:h-auto @4xl:flex-1 @4xl:shrink">
        <CodeEditor
          key={`${language} ${version}`}
          text={text}
          language={language}
          onChange={draft.write}
          onSubmit={submit}
        />
      </div>
      <div className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-2 border-y border-line px-4 py-2 @sm:px-6">
        <LanguageChoice language={language} onChoose={draft.choose} />
        <p role="alert" className="min-w-0 flex-1 text-sm text-bad">
          {trouble}
        </p>
        <Button look="leading" disabled={isBusy || text.trim() === ""} title="Ctrl or ⌘ with Enter" onClick={submit}>
          <Send aria-hidden />
          Submit
        </Button>
      </div>
    </>
  );
}

interface ResultProps {
  readonly id: number;
  readonly problem: Problem;
  readonly end: Submissions["end"];
  readonly onTake: (whole: WholeSubmission) => void;
}

function Result({ id, problem, end, onTake }: ResultProps) {
  const state = useSubmission(id, end);
  const top = useRef<HTMLDivElement>(null);
  // Where all is in one column it would be below the fold.
  useEffect(() => {
    top.current?.scrollIntoView({ block: "start" });
  }, []);
  return (
    <div ref={top} className="scroll-mt-4">
      <ResultPanel state={state} shown={problem.shown.length} onTake={onTake} />
    </div>
  );
}
