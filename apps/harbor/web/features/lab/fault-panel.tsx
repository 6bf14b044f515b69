// What can be done to the line: each act with what it does and what to expect.
import { useCall, useConnection } from "@tidewire/react";
import type { ReactNode } from "react";
import { killServer, setFault, strike, strikeLine } from "../../../contract/lab.ts";
import { Button } from "../../theme/button.tsx";
import { type FaultWords, lasting, type LastingWords, strikes } from "./faults.ts";
import { useLab } from "./lab-provider.tsx";
import { type DoAct, useAct } from "./use-act.ts";
import type { LineState } from "./use-line.ts";

export function FaultPanel({ state }: { readonly state: LineState }) {
  const { act, trouble } = useAct();
  const hit = useCall(strikeLine);
  // Faults are asked for on the ordinary connection.
  const isReady = useConnection().kind === "connected" && state.kind === "open";
  return (
    <section aria-label="Break it" className="min-w-0 order-3 @4xl:order-none">
      <h2 className="font-semibold">Break it</h2>
      {trouble !== null && (
        <p role="alert" className="mt-1 text-sm text-bad">
          {trouble}
        </p>
      )}
      <ul className="mt-2 divide-y divide-line border-t border-line">
        {strike.options.map((each) => (
          <Act key={each} words={strikes[each]}>
            <Button
              aria-label={strikes[each].name}
              disabled={!isReady}
              onClick={() => act(strikes[each].did, () => hit({ strike: each }))}
            >
              {strikes[each].verb}
            </Button>
          </Act>
        ))}
        {lasting.map((each) => (
          <LastingAct key={each.fault} words={each} isReady={isReady} act={act} />
        ))}
        <Kill state={state} isReady={isReady} act={act} />
      </ul>
    </section>
  );
}

interface LastingActProps {
  readonly words: LastingWords;
  readonly isReady: boolean;
  readonly act: DoAct;
}

function LastingAct({ words, isReady, act }: LastingActProps) {
  const { lab, dispatch } = useLab();
  const set = useCall(setFault);
  const { fault, name } = words;
  const isActive = lab.active.some((each) => each.fault === fault);
  return (
    <Act words={words}>
      <Button
        aria-label={`${isActive ? "End" : "Begin"}: ${name}`}
        className={isActive ? "border-line-strong bg-hover" : ""}
        disabled={!isReady}
        onClick={() =>
          act(`You ${isActive ? "ended" : "began"}: ${name}`, async () =>
            dispatch({ type: "active", ...(await set({ fault, isOn: !isActive })) }),
          )
        }
      >
        {isActive ? "End" : "Begin"}
      </Button>
    </Act>
  );
}

const killing: FaultWords = {
  name: "Kill the server",
  does: "The process ends in the middle of whatever it does, and is started again.",
  expect: "Both connections of this page break and come back.",
};
const nobodyStarts = "Nothing would start it again here; npm start does.";

interface KillProps {
  readonly state: LineState;
  readonly isReady: boolean;
  readonly act: DoAct;
}

function Kill({ state, isReady, act }: KillProps) {
  const kill = useCall(killServer);
  const isImpossible = state.kind === "open" && !state.mayKill;
  return (
    <Act words={isImpossible ? { ...killing, expect: nobodyStarts } : killing}>
      <Button
        look="grave"
        aria-label={killing.name}
        disabled={!isReady || isImpossible}
        onClick={() => act("You killed the server", () => kill({}))}
      >
        Kill
      </Button>
    </Act>
  );
}

function Act({ words, children }: { readonly words: FaultWords; readonly children: ReactNode }) {
  return (
    <li className="flex items-start gap-4 py-2.5 [&>button]:min-w-17">
      <div className="min-w-0 flex-1">
        <p className="font-medium">{words.name}</p>
        <p className="mt-0.5 text-xs text-soft">
          {words.does} {words.expect}
        </p>
      </div>
      {children}
    </li>
  );
}
