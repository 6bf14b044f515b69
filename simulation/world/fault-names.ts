// The kinds of fault there are, by the names under which they are counted.

export const faultNames = [
  "socket reset",
  "half-open upwards",
  "half-open downwards",
  "slow reader",
  "frozen tab",
  "page reload",
  "crash while handling",
  "page offline",
  "client clock",
  "node killed",
  "node drained",
  "node stopped",
  "node clock",
  "node cut off",
  "commands lost",
  "answers lost",
  "store crashed",
  "history cleared",
  "announcement lost",
  "announcement doubled",
  "announcement late",
  "answers late",
  "engine refused",
] as const;

export type FaultName = (typeof faultNames)[number];
