// Durations as people write them: "300ms", "25s", "5m", "24h".

const units = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
type Unit = keyof typeof units;

export const durationPattern = "^[1-9][0-9]{0,8}(ms|s|m|h)$";
/** 24 days: a timer holds no longer. */
const mostMs = 2_147_483_647;

/** In milliseconds; `undefined` when it is none. */
export function durationOf(text: string): number | undefined {
  const [, digits, unit] = /^([1-9][0-9]{0,8})(ms|s|m|h)$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const ms = Number(digits) * units[unit as Unit];
  return ms <= mostMs ? ms : undefined;
}

/** In the largest unit that says it exactly. */
export function durationText(ms: number): string {
  const [unit, size] = Object.entries(units).find(([, each]) => ms % each === 0) ?? ["ms", 1];
  return `${ms / size}${unit}`;
}
