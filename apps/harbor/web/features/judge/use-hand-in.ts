// Hands a program in. Where nobody knows whether it arrived, handing the same one in again is the same submission.
import { useCall } from "@tidewire/react";
import { useRef, useState } from "react";
import { type Language, type Submission, submitProgram } from "../../../contract/judge.ts";
import { sentenceFor } from "../../theme/words-for-errors.ts";

export interface Program {
  readonly problem: string;
  readonly language: Language;
  readonly source: string;
}

export interface HandIn {
  readonly isBusy: boolean;
  readonly trouble: string | null;
  readonly handIn: (program: Program) => void;
}

export function useHandIn(done: (submission: Submission) => void): HandIn {
  const submit = useCall(submitProgram);
  const [isBusy, setIsBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const open = useRef<(Program & { readonly nonce: string }) | null>(null);

  function handIn(program: Program): void {
    if (isBusy) return;
    const given = isSame(open.current, program) ? open.current : { ...program, nonce: crypto.randomUUID() };
    open.current = given;
    setIsBusy(true);
    setTrouble(null);
    submit(given)
      .then(
        (submission) => {
          open.current = null;
          done(submission);
        },
        (thrown: unknown) => setTrouble(sentenceFor(thrown)),
      )
      .finally(() => setIsBusy(false));
  }
  return { isBusy, trouble, handIn };
}

function isSame(
  one: (Program & { readonly nonce: string }) | null,
  other: Program,
): one is Program & { nonce: string } {
  return (
    one !== null && one.problem === other.problem && one.language === other.language && one.source === other.source
  );
}
