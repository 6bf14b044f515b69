// Has everything counted again from the log, and says whether that came to the same.
import { useCall, useJob } from "@tidewire/react";
import { useState } from "react";
import { orderRecount, recount } from "../../../contract/analytics.ts";
import { Button } from "../../theme/button.tsx";
import { sentenceFor } from "../../theme/words-for-errors.ts";
import { whole } from "../market/words-for-quotes.ts";

const ends: readonly string[] = ["done", "failed", "canceled"];

export function RecountPanel() {
  const order = useCall(orderRecount);
  const [id, setId] = useState<string | null>(null);
  const [trouble, setTrouble] = useState("");
  const job = useJob(recount, id);
  const isGoing = job !== null && !ends.includes(job.state);
  function begin(): void {
    setTrouble("");
    order(undefined).then(
      (ordered) => setId(ordered.id),
      (thrown: unknown) => setTrouble(sentenceFor(thrown)),
    );
  }
  return (
    <div className="flex flex-wrap items-center gap-3">
      <p aria-live="polite" className="figures text-sm text-soft">
        {trouble === "" ? wordsFor(job) : trouble}
      </p>
      <Button disabled={isGoing} onClick={begin}>
        Count again from the log
      </Button>
    </div>
  );
}

function wordsFor(job: ReturnType<typeof useJob<NonNullable<(typeof recount)["~shape"]>>>): string {
  if (job === null) return "";
  const { state, output, progress, message } = job;
  if (state === "failed") return `It was not counted again: ${message}`;
  if (state === "canceled") return "It was not counted again.";
  if (state !== "done" || output === null) {
    const { rooms, of } = progress.at(-1) ?? { rooms: 0, of: 0 };
    return of === 0 ? "Waiting for a worker" : `Counting, ${whole(rooms)} of ${whole(of)} rooms`;
  }
  const { messages, differences } = output;
  return differences === 0
    ? `Counted ${whole(messages)} messages again: the same.`
    : `Counted ${whole(messages)} messages again: ${whole(differences)} rows were wrong, and are right now.`;
}
