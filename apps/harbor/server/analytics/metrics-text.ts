// Reads what a server's `/metrics` says of deliveries and of how long its log takes, by node.

/** What a node did, from its start on or in between. */
export interface Reading {
  /** When it was started, in seconds since 1970: from then on it counts. */
  readonly startedS: number;
  readonly deliveries: number;
  /** Publications that took up to so many seconds, by step; `+Inf` is all of them. Each step includes those before it. */
  readonly accepted: Readonly<Record<string, number>>;
}

const line =
  /^(process_start_time_seconds|tidewire_deliveries_total|tidewire_engine_publish_seconds_bucket)(?:\{(.*)\})? (\S+)$/;
const label = /(\w+)="((?:[^"\\]|\\.)*)"/g;

interface Draft {
  startedS: number;
  deliveries: number;
  readonly accepted: Record<string, number>;
}

/** By the node's name; "" for one that is alone. */
export function readMetrics(text: string): ReadonlyMap<string, Reading> {
  const nodes = new Map<string, Draft>();
  for (const row of text.split("\n")) {
    const [, name, labels = "", written] = line.exec(row) ?? [];
    const value = Number(written);
    if (name === undefined || !Number.isFinite(value)) continue;
    const by = new Map([...labels.matchAll(label)].map(([, key = "", given = ""]) => [key, given]));
    const node = by.get("node") ?? "";
    const reading = nodes.get(node) ?? { startedS: 0, deliveries: 0, accepted: {} };
    nodes.set(node, reading);
    if (name === "process_start_time_seconds") reading.startedS = value;
    else if (name === "tidewire_deliveries_total") reading.deliveries = value;
    else reading.accepted[by.get("le") ?? "+Inf"] = value;
  }
  return nodes;
}

/** What happened between two readings; all of it where it was started in between. */
export function between(before: Reading | null, now: Reading): Reading {
  if (before === null || before.startedS !== now.startedS) return now;
  const accepted = Object.entries(now.accepted).map(([step, count]) => [step, count - (before.accepted[step] ?? 0)]);
  return {
    startedS: now.startedS,
    deliveries: now.deliveries - before.deliveries,
    accepted: Object.fromEntries(accepted) as Record<string, number>,
  };
}

/** What two nodes did, or one of them at two times. */
export function added(one: Reading, other: Reading): Reading {
  const accepted = { ...one.accepted };
  for (const [step, count] of Object.entries(other.accepted)) accepted[step] = (accepted[step] ?? 0) + count;
  return { startedS: other.startedS, deliveries: one.deliveries + other.deliveries, accepted };
}

/**
 * The time in which such a share of the publications was accepted, in milliseconds: within a step as if they were spread
 * evenly, and no longer than the last step that has an end. `null` where there was none.
 */
export function quantileMs({ accepted }: Reading, share: number): number | null {
  const wanted = (accepted["+Inf"] ?? 0) * share;
  if (wanted === 0) return null;
  const steps = Object.entries(accepted)
    .map(([step, count]) => ({ endS: Number(step), count }))
    .filter(({ endS }) => Number.isFinite(endS))
    .toSorted((one, other) => one.endS - other.endS);
  let [fromS, below] = [0, 0];
  for (const { endS, count } of steps) {
    if (count >= wanted) return 1_000 * (fromS + ((endS - fromS) * (wanted - below)) / (count - below));
    [fromS, below] = [endS, count];
  }
  return 1_000 * fromS;
}
