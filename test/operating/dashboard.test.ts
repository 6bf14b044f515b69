// The dashboard asks for what nodes tell, for nothing else and for all of it that matters; and it is in a form that Grafana takes.
import { expect, test } from "vitest";
import { families } from "../../packages/server/src/http/metric-families.ts";
import { jobFamilies, jobTimes } from "../../packages/server/src/http/job-families.ts";
import { webhookFamilies, webhookTimes } from "../../packages/server/src/http/webhook-families.ts";
import { dashboardText } from "../../tools/dashboard/dashboard.ts";
import { textOf } from "../documents/blocks.ts";
import { dashboard, filled, type Panel, queries, variables } from "./dashboard.ts";
import { fullNode, type KnownFigures, knownFigures, unknownIn } from "./known-figures.ts";
import { namedIn } from "./promql.ts";

const known = async (): Promise<KnownFigures> => await knownFigures(await fullNode({ nodeName: "one" }));

test("the file is what tools/dashboard makes: npm run dashboard", () => {
  expect(textOf("deploy/grafana-dashboard.json")).toBe(dashboardText);
});

test("every figure, label and value of a label that it names is told by a node", async () => {
  const there = await known();
  expect(queries.length).toBeGreaterThan(50);
  const unknown = [...queries, ...variables].map(({ where, query }) => [where, unknownIn(query, there)]);
  expect(unknown.filter(([, names]) => names?.length !== 0)).toEqual([]);
});

test.each([
  ["tidewire_nothing", ["tidewire_nothing"]],
  ['sum by (channel) (tidewire_sessions{channel="a"})', ["tidewire_sessions{channel}", "channel"]],
  ['tidewire_connections_closed_total{reason=~"slow|tired"}', ['tidewire_connections_closed_total{reason="tired"}']],
  ['max by (node, le) (tidewire_engine_read_seconds_bucket{job="x"}) / process_open_fds', []],
])("what no node tells is found in %s", async (query, names) => {
  expect(unknownIn(query, await known())).toEqual(names);
});

test("figures of jobs, webhooks and engine are all on it", () => {
  const shown = new Set(queries.flatMap(({ query }) => namedIn(query).selectors.map(({ figure }) => figure)));
  const wanted = [
    ...jobFamilies.map(({ name }) => name),
    ...jobTimes.map(({ name }) => `${name}_bucket`),
    ...webhookFamilies.map(({ name }) => name).filter((name) => name !== "tidewire_webhook_deliveries_total"),
    `${webhookTimes.name}_bucket`,
    ...families.map(({ name }) => name).filter((name) => /_engine_(?!returns)/.test(name)),
  ];
  expect(wanted.filter((name) => !shown.has(name))).toEqual([]);
});

test("a query takes a node once, however many tell of it, and only the nodes that are chosen", () => {
  for (const { targets = [], title } of dashboard.panels)
    for (const { expr } of targets) {
      const { selectors } = namedIn(filled(expr));
      expect([title, expr.match(/max by \((node|name|endpoint)\b/g)?.length]).toEqual([title, selectors.length]);
      expect([title, expr.match(/job=~"\$job", node=~"\$node"/g)?.length]).toEqual([title, selectors.length]);
    }
});

test("panels have their place, their own number, a text and a legend that names labels the query keeps", () => {
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const covers = (one: Panel, other: Panel): boolean =>
    one.gridPos.x < other.gridPos.x + other.gridPos.w &&
    other.gridPos.x < one.gridPos.x + one.gridPos.w &&
    one.gridPos.y < other.gridPos.y + other.gridPos.h &&
    other.gridPos.y < one.gridPos.y + one.gridPos.h;
  for (const [index, panel] of panels.entries()) {
    expect(panels.slice(index + 1).filter((other) => covers(panel, other))).toEqual([]);
    expect(panel.gridPos.x + panel.gridPos.w).toBeLessThanOrEqual(24);
    if (panel.type === "row") continue;
    expect([panel.title, panel.type, (panel.description ?? "").length > 20]).toEqual([panel.title, "timeseries", true]);
    expect(panel.datasource?.uid).toBe("${datasource}");
    for (const { expr, legendFormat } of panel.targets ?? []) {
      const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      const { labels } = namedIn(filled(expr));
      expect(named.filter((label) => !labels.includes(label ?? ""))).toEqual([]);
    }
  }
});

test("its variables choose a Prometheus, nodes and scrape jobs", () => {
  expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toEqual([
    ["datasource", "datasource"],
    ["job", "query"],
    ["node", "query"],
  ]);
  expect(variables.length).toBe(2);
});
