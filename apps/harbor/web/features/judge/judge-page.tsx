// The judge: problems on the left with who leads, the open one beside them.
import { ListChecks } from "lucide-react";
import { type ReactNode, useCallback, useState } from "react";
import { Redirect, useLocation, useParams } from "wouter";
import { findProblem, problems } from "../../../contract/judge-problems.ts";
import { ErrorNote } from "../../frame/error-note.tsx";
import { useFrameSize } from "../../frame/frame-size.tsx";
import { PageHeader } from "../../frame/page-header.tsx";
import { Sheet } from "../../frame/sheet.tsx";
import { useTitle } from "../../frame/unread.tsx";
import { IconButton } from "../../theme/icon-button.tsx";
import { ProblemScreen } from "./problem-screen.tsx";
import { ProblemsList } from "./problems-list.tsx";
import { solvedIn, useSubmissions } from "./use-submissions.ts";

export function JudgePage() {
  const { problem: wanted, submission } = useParams<{ problem?: string; submission?: string }>();
  const [first] = problems;
  if (wanted === undefined && first !== undefined) return <Redirect to={`/judge/${first.id}`} replace />;
  return <OpenJudge wanted={wanted ?? ""} submission={numberOf(submission)} />;
}

function OpenJudge({ wanted, submission }: { readonly wanted: string; readonly submission: number | null }) {
  const submissions = useSubmissions();
  const size = useFrameSize();
  const [isListOpen, setIsListOpen] = useState(false);
  const closeList = useCallback(() => setIsListOpen(false), []);
  const solved = solvedIn(submissions.list);
  const problem = findProblem(wanted);
  useTitle(problem === undefined ? "Judge" : problem.name);
  const isPhone = size === "phone";
  const listButton = isPhone ? (
    <IconButton label="Problems and leaders" className="-ml-2" onClick={() => setIsListOpen(true)}>
      <ListChecks aria-hidden />
    </IconButton>
  ) : null;
  return (
    <div className="flex h-full min-h-0 min-w-0 flex-1">
      {isPhone ? (
        <Sheet title="Problems" side="left" isOpen={isListOpen} onOpenChange={setIsListOpen}>
          <ProblemsList current={wanted} solved={solved} hasTitle={false} onChosen={closeList} />
        </Sheet>
      ) : (
        <aside
          aria-label="Problems and leaders"
          className="flex w-(--list) shrink-0 flex-col border-r border-line bg-sunken"
        >
          <ProblemsList current={wanted} solved={solved} />
        </aside>
      )}
      <main className="@container flex min-w-0 flex-1 flex-col">
        <PageHeader title="Judge" detail="Your program, run in a sandbox by a worker" before={listButton} />
        {problem === undefined ? (
          <NoProblem />
        ) : (
          <ProblemScreen key={problem.id} problem={problem} submission={submission} submissions={submissions} />
        )}
      </main>
    </div>
  );
}

function NoProblem(): ReactNode {
  const [, navigate] = useLocation();
  return (
    <ErrorNote
      what="There is no such problem."
      why="The link may be old, or has a letter too few."
      action="Go to the first problem"
      onAction={() => navigate("/judge")}
    />
  );
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null;
}
