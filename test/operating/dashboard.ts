// The dashboard of deploy/ as tests read it: what its panels and variables ask, with the variables' places filled.
import { textOf } from "../documents/blocks.ts";

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: Place;
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string;
}

export interface Dashboard {
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly Variable[] };
  readonly panels: readonly Panel[];
}

export const dashboard = JSON.parse(textOf("deploy/grafana-dashboard.json")) as Dashboard;

/** With something in the place of each variable. */
export const filled = (expr: string): string =>
  expr.replaceAll("$__rate_interval", "1m").replaceAll("$job", ".+").replaceAll("$node", ".*");

export interface Asked {
  readonly where: string;
  readonly query: string;
}

export const queries: readonly Asked[] = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ refId, expr }) => ({ where: `${title}, ${refId}`, query: filled(expr) })),
);

/** What variables look for, as queries. */
export const variables: readonly Asked[] = dashboard.templating.list.flatMap(({ name, query }) => {
  const [, series, label] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
  return series === undefined ? [] : [{ where: name, query: filled(`count by (${label}) (${series})`) }];
});
