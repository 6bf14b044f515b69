// The entrance: one field, one button, and something alive beside them.
import { type FormEvent, useState } from "react";
import { maxNameLength, personName } from "../../contract/person.ts";
import { FeedChart } from "../features/live/feed-chart.tsx";
import { figuresOf } from "../features/live/feed-points.ts";
import { useNumbers } from "../features/live/use-numbers.ts";
import { ConnectionStatus } from "../frame/connection-status.tsx";
import { Mark } from "../frame/mark.tsx";
import { useTitle } from "../frame/unread.tsx";
import { Button } from "../theme/button.tsx";
import { Field } from "../theme/field.tsx";
import { formText } from "../theme/form-text.ts";
import { seat } from "./seat.ts";
import { useSession } from "./session-provider.tsx";
import { sentenceFor } from "../theme/words-for-errors.ts";

export function EnterPage() {
  useTitle("");
  return (
    <main className="@container grid h-full grid-rows-[auto_1fr] overflow-y-auto">
      <header className="flex h-(--header) items-center justify-between pr-2 pl-4">
        <p className="flex items-center gap-2.5 font-semibold">
          <Mark />
          Harbor
        </p>
        <ConnectionStatus />
      </header>
      <div className="mx-auto grid w-full max-w-5xl content-center items-center gap-x-20 gap-y-12 px-6 pt-4 pb-16 @md:grid-cols-[22rem_1fr]">
        <div>
          <h1 className="text-2xl font-semibold">Come in</h1>
          <p className="mt-2 text-soft">Chat and live data that survive a broken connection. A name is all it takes.</p>
          <EnterForm />
        </div>
        <AliveNumber />
      </div>
    </main>
  );
}

function EnterForm() {
  const { enter } = useSession();
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setIsBusy] = useState(false);

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const name = personName.safeParse(formText(event.currentTarget, "name"));
    if (!name.success) {
      setProblem("A name has at least one letter.");
      return;
    }
    setIsBusy(true);
    enter(name.data).catch((thrown: unknown) => {
      setProblem(sentenceFor(thrown));
      setIsBusy(false);
    });
  }

  return (
    <form className="mt-6 space-y-3" onSubmit={submit} noValidate>
      <Field
        label="Your name"
        name="name"
        large
        required
        autoFocus
        autoComplete="nickname"
        maxLength={maxNameLength}
        defaultValue={seat === 1 ? "" : "Second guest"}
        problem={problem}
        onChange={() => setProblem(null)}
      />
      <Button look="leading" type="submit" className="h-11 w-full text-base" disabled={isBusy}>
        Enter
      </Button>
    </form>
  );
}

function AliveNumber() {
  const { feed } = useNumbers();
  const figures = figuresOf(feed.points);
  return (
    <section aria-label="Live from the server" className="min-w-0">
      <div className="flex items-baseline gap-3">
        <p className="figures w-10 text-2xl font-semibold text-accent">{figures?.last ?? "–"}</p>
        <p className="text-sm text-soft">One number a second, live</p>
      </div>
      <FeedChart feed={feed} isBare className="mt-2 h-40 @md:h-56" />
    </section>
  );
}
