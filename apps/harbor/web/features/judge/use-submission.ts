// One submission: as the server has kept it, and while it is judged as its job tells it.
import { useCall, useConnection, useJob } from "@tidewire/react";
import { useEffect, useState } from "react";
import { type Judged, judgeRun, readSubmission, type WholeSubmission } from "../../../contract/judge.ts";
import { sentenceFor } from "../../theme/words-for-errors.ts";
import { type SubmissionView, viewOf } from "./submission-state.ts";
import { useJudgeNews } from "./use-judge-news.ts";

export type SubmissionState =
  | { readonly kind: "reading" }
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "ready"; readonly whole: WholeSubmission; readonly view: SubmissionView };

/** @param onJudged Called when its verdict is there, also where it was there before. */
export function useSubmission(id: number, onJudged: (id: number, judged: Judged) => void): SubmissionState {
  const { whole, trouble } = useWhole(id);
  const { line } = useJudgeNews();
  // One that is judged has its whole story; only of others there is more to hear.
  const job = useJob(judgeRun, whole !== null && whole.judged === null ? whole.job : null);
  const view = whole === null ? null : viewOf(whole, job, line);
  const judged = view?.stage.kind === "judged" ? view.stage.judged : null;
  useEffect(() => {
    if (judged !== null) onJudged(id, judged);
  }, [id, judged, onJudged]);
  if (whole !== null && view !== null) return { kind: "ready", whole, view };
  return trouble === null ? { kind: "reading" } : { kind: "failed", why: trouble };
}

function useWhole(id: number): { readonly whole: WholeSubmission | null; readonly trouble: string | null } {
  const read = useCall(readSubmission);
  const isUp = useConnection().kind === "connected";
  const [whole, setWhole] = useState<WholeSubmission | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const isJudged = whole !== null && whole.judged !== null;
  useEffect(() => {
    if (!isUp || isJudged) return undefined;
    const leaving = new AbortController();
    read({ id }, { signal: leaving.signal }).then(setWhole, (thrown: unknown) => {
      if (!leaving.signal.aborted) setTrouble(sentenceFor(thrown));
    });
    return () => leaving.abort();
  }, [read, isUp, id, isJudged]);
  return { whole, trouble };
}
