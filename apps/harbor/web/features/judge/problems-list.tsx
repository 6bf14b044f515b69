// The problems, which of them one has solved, and below them who leads.
import { CircleCheck } from "lucide-react";
import { Link } from "wouter";
import { problems } from "../../../contract/judge-problems.ts";
import { classNames } from "../../theme/class-names.ts";
import { Leaderboard } from "./leaderboard.tsx";

interface ProblemsListProps {
  readonly current: string;
  readonly solved: ReadonlySet<string>;
  readonly hasTitle?: boolean;
  readonly onChosen?: () => void;
}

export function ProblemsList({ current, solved, hasTitle = true, onChosen }: ProblemsListProps) {
  return (
    <>
      {hasTitle && (
        <div className="flex h-(--header) shrink-0 items-center px-4">
          <h2 className="text-sm font-semibold">Problems</h2>
        </div>
      )}
      <div className="min-h-0 flex-1 overflow-y-auto">
        <nav aria-label="Problems" className="px-2 pb-2 first:pt-2">
          <ul>
            {problems.map(({ id, name }) => (
              <li key={id}>
                <Link
                  href={`/judge/${id}`}
                  aria-current={id === current ? "page" : undefined}
                  onClick={onChosen}
                  className={classNames(
                    "flex h-8 items-center gap-2 rounded-md px-2 -outline-offset-2 max-[40rem]:h-10",
                    id === current ? "bg-accent-soft font-medium text-accent-strong" : "text-text hover:bg-hover",
                  )}
                >
                  <span className="min-w-0 flex-1 truncate">{name}</span>
                  {solved.has(id) && <CircleCheck role="img" aria-label="solved" className="size-4 text-good" />}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <Leaderboard />
      </div>
    </>
  );
}
