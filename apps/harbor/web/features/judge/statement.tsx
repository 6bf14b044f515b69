// What a problem asks for, with the tests that are shown.
import { judgeLimits } from "../../../contract/judge.ts";
import type { Problem, ShownTest } from "../../../contract/judge-problems.ts";

export function Statement({ problem }: { readonly problem: Problem }) {
  return (
    <section aria-label="Problem" className="min-w-0">
      <h2 className="text-xl font-semibold">{problem.name}</h2>
      <div className="mt-3 space-y-3">
        {problem.statement.map((paragraph) => (
          <p key={paragraph}>{withCode(paragraph)}</p>
        ))}
      </div>
      <h3 className="mt-5 text-sm font-semibold">Examples</h3>
      <ul className="mt-2 space-y-2">
        {problem.shown.map((test, index) => (
          <li key={index} className="border-l-2 border-line pl-3">
            <Example test={test} />
          </li>
        ))}
      </ul>
      <p className="mt-5 text-sm text-soft">
        More tests are hidden. Each may take {judgeLimits.timeMs / 1_000} s of the processor,{" "}
        {judgeLimits.memoryBytes / 1_048_576} MB, and {judgeLimits.outputLength / 1_024} KB of output.
      </p>
    </section>
  );
}

function Example({ test }: { readonly test: ShownTest }) {
  const given = test.input.map((value) => JSON.stringify(value)).join(", ");
  return (
    <p className="font-mono text-sm break-words">
      solve({given})
      <br />
      <span aria-label="returns" role="img">
        →
      </span>{" "}
      {JSON.stringify(test.answer)}
    </p>
  );
}

/** What stands between backquotes is code. */
function withCode(paragraph: string) {
  return paragraph.split("`").map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      <code key={index} className="rounded-sm bg-hover px-1 font-mono text-sm">
        {part}
      </code>
    ),
  );
}
