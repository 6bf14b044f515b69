// How the line is: its connection, what is set on it, and everything that happened to it in one sentence.
import type { Client, ConnectionState } from "@tidewire/client";
import { useCall } from "@tidewire/react";
import { HeartPulse } from "lucide-react";
import { useSyncExternalStore } from "react";
import { healLine } from "../../../contract/lab.ts";
import { describeConnection } from "../../frame/describe-connection.ts";
import { Button } from "../../theme/button.tsx";
import { classNames } from "../../theme/class-names.ts";
import { toneDots } from "../../theme/tone-dots.ts";
import { useNow } from "../../theme/use-now.ts";
import { ActiveFaults } from "./active-faults.tsx";
import { useLab } from "./lab-provider.tsx";
import { plainSummary } from "./plain-summary.ts";
import { useAct } from "./use-act.ts";

export function LineStatus() {
  const { line, lab } = useLab();
  const state = useClientState(line);
  const nowMs = useNow(state.kind === "waiting" ? 250 : null);
  const { tone, word } = describeConnection(state, nowMs);
  return (
    <section
      aria-label="Your line"
      // In sight while one looks for the next fault further down.
      className="sticky top-0 z-10 -mx-4 min-w-0 border-b border-line bg-bg px-4 py-3 @sm:-mx-6 @sm:px-6 @4xl:static @4xl:mx-0 @4xl:border-0 @4xl:p-0 order-1 @4xl:order-none"
    >
      <div className="flex min-h-8 items-center gap-3">
        <p data-testid="line" className="figures flex shrink-0 items-center gap-2 text-sm text-soft">
          <span aria-hidden className={classNames("size-2 rounded-full", toneDots[tone])} />
          Your line: {word}
        </p>
        <div className="min-w-0 flex-1" />
        <HealButton />
      </div>
      <p role="status" className="figures mt-1 min-h-15 text-lg font-semibold @sm:min-h-10">
        {plainSummary(lab)}
      </p>
      <ActiveFaults active={lab.active} behindMs={lab.behindMs} />
    </section>
  );
}

function HealButton() {
  const { lab, dispatch } = useLab();
  const { act } = useAct();
  const heal = useCall(healLine);
  return (
    <Button
      disabled={lab.active.length === 0}
      onClick={() => act("You healed the line", async () => dispatch({ type: "active", ...(await heal({})) }))}
    >
      <HeartPulse aria-hidden />
      Heal
    </Button>
  );
}

function useClientState(client: Client): ConnectionState {
  return useSyncExternalStore(client.subscribe, client.getSnapshot);
}
