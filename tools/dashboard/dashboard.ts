// The dashboard as Grafana imports it: panels of one shape in a grid, three beside each other.
import { type Panel, type Row, rows } from "./rows.ts";

/** Grafana's grid has so many columns. */
const columns = 24;
const [panelWidth, panelHeight, rowHeight] = [8, 8, 1];

/** Of Grafana 10.0; newer ones bring it up to their own. */
const schemaVersion = 38;

const datasource = { type: "prometheus", uid: "${datasource}" };

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

function panelOf({ title, about, unit, isStacked, queries }: Panel, id: number, gridPos: Place): object {
  return {
    id,
    type: "timeseries",
    title,
    description: about,
    datasource,
    gridPos,
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        custom: {
          lineWidth: 1,
          fillOpacity: isStacked === true ? 20 : 5,
          showPoints: "never",
          stacking: { mode: isStacked === true ? "normal" : "none", group: "A" },
        },
      },
      overrides: [],
    },
    options: {
      legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
      tooltip: { mode: "multi", sort: "desc" },
    },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCodePoint(65 + index),
      datasource,
      editorMode: "code",
      expr,
      legendFormat: legend,
      range: true,
    })),
  };
}

/** Rows below each other, each under its title. */
function placed(all: readonly Row[]): readonly object[] {
  let [id, y] = [0, 0];
  return all.flatMap(({ title, panels }) => {
    const head = {
      id: (id += 1),
      type: "row",
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: columns, h: 1 },
    };
    y += rowHeight;
    const perLine = columns / panelWidth;
    const shown = panels.map((panel, index) => {
      const [line, place] = [Math.floor(index / perLine), index % perLine];
      const gridPos = { x: place * panelWidth, y: y + line * panelHeight, w: panelWidth, h: panelHeight };
      return panelOf(panel, (id += 1), gridPos);
    });
    y += Math.ceil(panels.length / perLine) * panelHeight;
    return [head, ...shown];
  });
}

/** One of several values of a label, or all of them. */
function choice(name: string, label: string, query: string): object {
  return {
    name,
    label,
    type: "query",
    datasource,
    query,
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    // Also those without the label.
    allValue: ".*",
    current: { text: "All", value: "$__all" },
    hide: 0,
  };
}

const dashboard = {
  uid: "tidewire",
  title: "Tidewire",
  description: "Nodes, their engine, jobs and webhooks. What each figure is: docs/metrics.md of Tidewire.",
  tags: ["tidewire"],
  schemaVersion,
  version: 1,
  editable: true,
  graphTooltip: 1,
  refresh: "30s",
  time: { from: "now-1h", to: "now" },
  timezone: "browser",
  annotations: { list: [] },
  links: [],
  templating: {
    list: [
      {
        name: "datasource",
        label: "Prometheus",
        type: "datasource",
        query: "prometheus",
        refresh: 1,
        multi: false,
        includeAll: false,
        hide: 0,
      },
      choice("job", "Job", 'label_values({__name__=~"tidewire_sessions|tidewire_jobs_store_up"}, job)'),
      choice("node", "Node", 'label_values(process_start_time_seconds{job=~"$job"}, node)'),
    ],
  },
  panels: placed(rows),
};

/** As it stands in deploy/. */
export const dashboardText: string = `${JSON.stringify(dashboard, null, 2)}\n`;
