// PromQL of the dashboard, put together by words that every panel uses.

/** What the dashboard's variables choose. */
const chosen = 'job=~"$job", node=~"$node"';

/**
 * Nodes of one engine tell each other's figures too, so that one that is scraped from each of them is there once for each:
 * the highest of those that name the same node is that node's.
 */
function once(labels: readonly string[], value: string): string {
  return `max by (${["node", ...labels].join(", ")}) (${value})`;
}

/** A gauge of each node, by these labels. */
export const now = (figure: string, ...labels: readonly string[]): string => once(labels, `${figure}{${chosen}}`);

/** A counter of each node as a rate, by these labels. */
export const rate = (figure: string, ...labels: readonly string[]): string =>
  once(labels, `rate(${figure}{${chosen}}[$__rate_interval])`);

/** Of the nodes together, by these labels. */
export const total = (value: string, ...labels: readonly string[]): string =>
  labels.length === 0 ? `sum(${value})` : `sum by (${labels.join(", ")}) (${value})`;

/** What a share of all took at most, of the nodes together, by these labels. */
export const quantile = (share: number, histogram: string, ...labels: readonly string[]): string =>
  `histogram_quantile(${share}, ${total(rate(`${histogram}_bucket`, "le", ...labels), "le", ...labels)})`;

/** What is in a store that several processes tell of. */
export const stored = (figure: string, ...labels: readonly string[]): string =>
  `max by (${labels.join(", ")}) (${figure}{${chosen}})`;
