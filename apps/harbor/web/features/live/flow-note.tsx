// Says whether the feed rests, and how much waits for it.
import type { Flow } from "./use-numbers.ts";

export function FlowNote({ flow }: { readonly flow: Flow }) {
  return (
    <p role="status" className="figures text-sm text-soft empty:hidden">
      {wordsFor(flow)}
    </p>
  );
}

function wordsFor(flow: Flow): string {
  switch (flow.kind) {
    case "running":
      return "";
    case "paused":
      return flow.waiting === null ? "paused" : `paused · ${flow.waiting} waiting`;
    case "catching up":
      return "catching up";
    case "caught up":
      return flow.came === 0 ? "" : `caught up · ${flow.came} came at once`;
  }
}
