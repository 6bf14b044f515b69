// The check against the server's list: its verdict, and faults to plant that it has to find.
import { CircleAlert, CircleCheck, CircleDashed } from "lucide-react";
import { Button } from "../../theme/button.tsx";
import { classNames } from "../../theme/class-names.ts";
import { useLab } from "./lab-provider.tsx";
import { onTheirWay, type Verdict, verdictOf, verdictSentence } from "./number-check.ts";

export function CheckPanel() {
  const { lab, dispatch } = useLab();
  const verdict = verdictOf(lab.check);
  const isArmed = lab.armed.length > 0;
  return (
    <section aria-label="Check" className="min-w-0 order-2 @4xl:order-none">
      <h2 className="font-semibold">Check</h2>
      <VerdictNote verdict={verdict} awaited={onTheirWay(lab.check)} />
      <div className="mt-3 flex flex-wrap items-center gap-2">
        <Button disabled={isArmed} onClick={() => dispatch({ type: "plant", plant: "loss" })}>
          Plant a loss
        </Button>
        <Button disabled={isArmed} onClick={() => dispatch({ type: "plant", plant: "repeat" })}>
          Plant a repeat
        </Button>
        <Button look="quiet" disabled={verdict.kind === "nothing"} onClick={() => dispatch({ type: "clear" })}>
          Clear
        </Button>
      </div>
      <p className="mt-2 max-w-2xl text-xs text-soft">
        The server numbers what it sends and keeps a list. What comes is compared with the list, number by number. A
        planted fault is made between the wire and the check.
      </p>
    </section>
  );
}

const looks: Readonly<Record<Verdict["kind"], { readonly text: string; readonly icon: string }>> = {
  nothing: { text: "text-soft", icon: "text-soft" },
  good: { text: "text-text", icon: "text-good" },
  told: { text: "text-warn", icon: "text-warn" },
  bad: { text: "text-bad", icon: "text-bad" },
};

function VerdictNote({ verdict, awaited }: { readonly verdict: Verdict; readonly awaited: number }) {
  const { text, icon } = looks[verdict.kind];
  const Icon = verdict.kind === "good" ? CircleCheck : verdict.kind === "nothing" ? CircleDashed : CircleAlert;
  return (
    <div className="mt-2 flex min-h-10 items-start gap-2.5">
      <Icon aria-hidden className={classNames("mt-px size-5 shrink-0", icon)} />
      <div className="figures min-w-0">
        <p data-testid="verdict" data-verdict={verdict.kind} className={classNames("font-medium", text)}>
          {verdictSentence(verdict)}
        </p>
        <p className="min-h-5 text-sm text-soft">{awaited > 0 && `${awaited} more on their way`}</p>
      </div>
    </div>
  );
}
