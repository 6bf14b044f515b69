// The colours of the dot that says how a connection is.
export type Tone = "good" | "busy" | "bad" | "still";

export const toneDots: Readonly<Record<Tone, string>> = {
  good: "bg-good",
  busy: "bg-warn pulses",
  bad: "bg-bad",
  still: "bg-line-strong",
};
