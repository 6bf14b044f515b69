// What happened to the line, in one sentence. Pure.
import { spanOf } from "../../theme/words-for-time.ts";
import type { LabState } from "./lab-state.ts";
import { onTheirWay, verdictOf } from "./number-check.ts";
import { type Outage, passedIn } from "./outages.ts";

/** Below this nobody would call a number late. */
const lateMs = 1_000;

export function plainSummary(lab: LabState): string {
  const { outages, check, latestMs } = lab;
  const verdict = verdictOf(check);
  const isWhole = verdict.kind === "good" || verdict.kind === "nothing";
  const last = outages.at(-1);
  if (last === undefined) {
    if (verdict.kind === "nothing") return "Your connection is about to be opened.";
    const late = latestMs >= lateMs ? ` The latest was ${spanOf(latestMs)} late.` : "";
    if (!isWhole) return `Your connection has held, and yet the check finds something wrong.${late}`;
    // Without a count, which would be read out again and again.
    return `Your connection has held; every number arrived, in order, once.${late}`;
  }
  const times = outages.length === 1 ? "once" : outages.length === 2 ? "twice" : `${outages.length} times`;
  if (last.backAtMs === null) return `Your connection was lost ${times}, and is not back yet.`;
  return `Your connection was lost ${times}; ${whatPassed(outages, isWhole, onTheirWay(check))}`;
}

function whatPassed(outages: readonly Outage[], isWhole: boolean, awaited: number): string {
  const passed = outages.reduce((sum, outage) => sum + (passedIn(outage) ?? 0), 0);
  const arrived = outages.reduce((sum, outage) => sum + outage.came.length, 0);
  if (passed === 0) return "nothing passed meanwhile.";
  const numbers = passed === 1 ? "1 number" : `${passed} numbers`;
  if (arrived < passed && awaited > 0) return `${numbers} passed meanwhile, and ${arrived} have arrived so far.`;
  if (arrived !== passed) return `${numbers} passed meanwhile, and ${arrived} arrived.`;
  if (!isWhole) return `${numbers} passed meanwhile, and the check finds something wrong.`;
  return `${numbers} passed meanwhile; ${passed === 1 ? "it" : `all ${passed}`} arrived, in order, once.`;
}
