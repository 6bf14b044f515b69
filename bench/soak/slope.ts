// The slope of what was sampled over time: by least squares, with its confidence interval.

export interface Slope {
  readonly perHour: number;
  /** The slope lies between these with 95 % confidence. */
  readonly lowPerHour: number;
  readonly highPerHour: number;
  /** The value at the middle of the time. */
  readonly mean: number;
}

export interface Sampled {
  readonly atMs: number;
  readonly value: number;
}

const hourMs = 3_600_000;
/** Standard deviations to either side: of the normal distribution, which with a hundred samples is close enough. */
const deviations = 1.96;

/**
 * Neighbouring samples are alike, and so say less than as many that are independent: the interval is wider by what the
 * residuals' correlation with the sample before says.
 * @returns `null` of fewer than three samples.
 */
export function slopeOf(samples: readonly Sampled[]): Slope | null {
  const count = samples.length;
  if (count < 3) return null;
  const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / count;
  const hours = samples.map(({ atMs }) => atMs / hourMs);
  const [meanHour, mean] = [meanOf(hours), meanOf(samples.map(({ value }) => value))];
  let spread = 0;
  let covered = 0;
  for (const [index, { value }] of samples.entries()) {
    const away = (hours[index] ?? 0) - meanHour;
    spread += away ** 2;
    covered += away * (value - mean);
  }
  const perHour = covered / spread;
  const residuals = samples.map(({ value }, index) => value - mean - perHour * ((hours[index] ?? 0) - meanHour));
  const squares = residuals.reduce((sum, residual) => sum + residual ** 2, 0);
  const error = Math.sqrt(squares / (count - 2) / spread) * Math.sqrt(inflation(residuals, squares));
  return { perHour, lowPerHour: perHour - deviations * error, highPerHour: perHour + deviations * error, mean };
}

/** By how much the variance is larger than that of independent samples. */
function inflation(residuals: readonly number[], squares: number): number {
  if (squares === 0) return 1;
  const products = residuals.reduce((sum, residual, index) => sum + residual * (residuals[index - 1] ?? 0), 0);
  const correlation = Math.min(0.95, Math.max(0, products / squares));
  return (1 + correlation) / (1 - correlation);
}
