// The programs that one has handed in, newest first: read when the connection comes, and again after it was away.
import { useCall, useConnection } from "@tidewire/react";
import { useCallback, useEffect, useState } from "react";
import { type Judged, listSubmissions, type Submission } from "../../../contract/judge.ts";
import { sentenceFor } from "../../theme/words-for-errors.ts";

export interface Submissions {
  /** `null` while they are not known. */
  readonly list: readonly Submission[] | null;
  readonly trouble: string | null;
  readonly add: (submission: Submission) => void;
  readonly end: (id: number, judged: Judged) => void;
}

export function useSubmissions(): Submissions {
  const read = useCall(listSubmissions);
  const isUp = useConnection().kind === "connected";
  const [list, setList] = useState<readonly Submission[] | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  useEffect(() => {
    if (!isUp) return undefined;
    const leaving = new AbortController();
    read({}, { signal: leaving.signal }).then(
      ({ submissions }) => {
        setList(submissions);
        setTrouble(null);
      },
      (thrown: unknown) => {
        if (!leaving.signal.aborted) setTrouble(sentenceFor(thrown));
      },
    );
    return () => leaving.abort();
  }, [read, isUp]);
  const add = useCallback((submission: Submission) => {
    setList((before) => [submission, ...(before ?? []).filter(({ id }) => id !== submission.id)]);
  }, []);
  const end = useCallback((id: number, judged: Judged) => {
    setList((before) => before?.map((each) => (each.id === id ? { ...each, judged } : each)) ?? null);
  }, []);
  return { list, trouble, add, end };
}

/** The problems that one has solved. */
export function solvedIn(list: readonly Submission[] | null): ReadonlySet<string> {
  const solved = (list ?? []).filter(({ judged }) => judged?.verdict === "accepted");
  return new Set(solved.map(({ problem }) => problem));
}
