// Short times, as exact as they are short.
const format = (digits: number) => new Intl.NumberFormat(undefined, { maximumFractionDigits: digits });
const [tenths, wholes] = [format(1), format(0)];
const hundredths = format(2);

/** As in "0.25 ms", "3.1 ms", "42 ms", "1.2 s". */
export function millisecondsOf(ms: number): string {
  if (ms >= 1_000) return `${tenths.format(ms / 1_000)} s`;
  const digits = ms < 1 ? hundredths : ms < 10 ? tenths : wholes;
  return `${digits.format(ms)} ms`;
}
