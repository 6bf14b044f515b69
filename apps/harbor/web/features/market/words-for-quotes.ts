// Prices, changes and counts as people read them, all of one width where they stand in a column.

const prices = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const changes = new Intl.NumberFormat(undefined, {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  signDisplay: "exceptZero",
});
const wholes = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });

export function priceOf(price: number): string {
  return prices.format(price);
}

/** Percent, with its sign. */
export function changeOf(percent: number): string {
  return `${changes.format(percent)} %`;
}

export function whole(count: number): string {
  return wholes.format(count);
}

/** As in "5 times a second", "once a second", "once in 10 s". */
export function timesOf(rate: number): string {
  if (rate === 1) return "once a second";
  return rate > 1 ? `${rate} times a second` : `once in ${Math.round(1 / rate)} s`;
}
