// The first page of a run that is whole only with all its pages.
import type { Position } from "@tidewire/protocol";
import type { Run, Seq } from "./log.ts";

type Frames = Extract<Run, { readonly kind: "frames" }>;

interface From {
  readonly pageBytes: number;
  /** Where its reader stands. */
  readonly seq: Seq;
  readonly position: Position;
}

/** The place moves with the last page, as the frames of a table do not say where they stand. */
export function cut(run: Frames, { pageBytes, seq, position }: From): Frames {
  let bytes = 0;
  const end = run.frames.findIndex((frame, index) => (bytes += frame.length) > pageBytes && index > 0);
  if (end === -1) return run;
  const next = { ...run, frames: run.frames.slice(end) };
  // Counted with the last of them.
  return { ...run, frames: run.frames.slice(0, end), count: 0, to: seq, at: position, more: true, next };
}
