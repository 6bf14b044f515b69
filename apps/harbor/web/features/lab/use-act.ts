// Something that somebody does to the line: written down, asked of the server, and said when the server would not.
import { useState } from "react";
import { sentenceFor } from "../../theme/words-for-errors.ts";
import { useLab } from "./lab-provider.tsx";

export type DoAct = (what: string, ask: () => Promise<unknown>) => void;

export function useAct(): { act: DoAct; trouble: string | null } {
  const { dispatch } = useLab();
  const [trouble, setTrouble] = useState<string | null>(null);
  return {
    trouble,
    act: (what, ask) => {
      setTrouble(null);
      dispatch({ type: "did", what, atMs: Date.now() });
      ask().catch((thrown: unknown) => setTrouble(sentenceFor(thrown)));
    },
  };
}
