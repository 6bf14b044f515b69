// The check against the server's own list, and its verdict in one sentence.
import { CircleAlert, CircleCheck } from "lucide-react";
import { type RefObject, useEffect, useRef, useState } from "react";
import { Button } from "../../theme/button.tsx";
import { classNames } from "../../theme/class-names.ts";
import type { RoomView } from "../chat/use-room.ts";
import { verdictSentence } from "./ledger-check.ts";
import { type CheckState, type Here, useLedgerCheck } from "./use-ledger-check.ts";

interface CheckPanelProps {
  readonly room: string;
  readonly view: RoomView;
  /** Ids as the channel handed them over. */
  readonly live: RefObject<string[]>;
}

export function CheckPanel({ room, view, live }: CheckPanelProps) {
  const { messages, isLoaded } = view.timeline;
  const here = useRef<Here>({ messages, live: [] });
  useEffect(() => {
    here.current = { messages, live: live.current };
  });
  const { state, run } = useLedgerCheck(room, here);
  const [loss, setLoss] = useState(false);
  const [repeat, setRepeat] = useState(false);
  return (
    <section aria-label="Check" className="border-t border-line pt-6">
      <h2 className="font-semibold">Check against the server's list</h2>
      <p className="figures mt-1 text-sm text-soft">
        {isLoaded ? `This page has ${messages.length} messages of the room.` : "This page is reading the room."}
      </p>
      <Button
        look="leading"
        className="mt-3 w-full"
        disabled={!isLoaded || state.kind === "running"}
        onClick={() => run({ loss, repeat })}
      >
        Check now
      </Button>
      <fieldset className="mt-3 flex flex-wrap gap-x-5 gap-y-1 text-sm">
        <legend className="sr-only">Faults to plant in this page's list, to see that the check finds them</legend>
        <Plant name="Plant a loss" isOn={loss} onChange={setLoss} />
        <Plant name="Plant a repeat" isOn={repeat} onChange={setRepeat} />
      </fieldset>
      <VerdictNote state={state} />
    </section>
  );
}

function Plant({
  name,
  isOn,
  onChange,
}: {
  readonly name: string;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}) {
  return (
    <label className="flex items-center gap-2">
      <input
        type="checkbox"
        checked={isOn}
        onChange={(event) => onChange(event.target.checked)}
        className="size-4 accent-accent"
      />
      {name}
    </label>
  );
}

function VerdictNote({ state }: { readonly state: CheckState }) {
  const isBad = state.kind === "failed" || (state.kind === "done" && state.verdict.kind === "bad");
  const words = wordsFor(state);
  return (
    <p
      role="status"
      data-testid="verdict"
      className={classNames("mt-4 flex min-h-10 items-start gap-2", isBad ? "text-bad" : "text-text")}
    >
      {words !== "" && state.kind !== "running" && (
        <>
          {isBad ? (
            <CircleAlert aria-hidden className="mt-0.5 size-4.5 shrink-0" />
          ) : (
            <CircleCheck aria-hidden className="mt-0.5 size-4.5 shrink-0 text-good" />
          )}
        </>
      )}
      <span className="figures">{words}</span>
    </p>
  );
}

function wordsFor(state: CheckState): string {
  switch (state.kind) {
    case "none":
      return "";
    case "running":
      return "Reading the server's list";
    case "failed":
      return `The list could not be read. ${state.why}`;
    case "done":
      return verdictSentence(state.verdict);
  }
}
