// The alerts: they ask for what nodes tell, and fire when they should and not before, by Prometheus's own judgement.
import { expect, test } from "vitest";
import { parse } from "yaml";
import { textOf } from "../documents/blocks.ts";
import { promtool } from "../services/prometheus.ts";
import { type AlertCase, alertCases } from "./alert-cases.ts";
import { fullNode, knownFigures, unknownIn } from "./known-figures.ts";

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

const { groups } = parse(textOf("deploy/alerts.yml")) as {
  readonly groups: readonly { readonly rules: readonly Alert[] }[];
};
const alerts = groups.flatMap(({ rules }) => rules);

test("every figure, label and value of a label that they name is told by a node", async () => {
  const known = await knownFigures(await fullNode({ nodeName: "one" }));
  const unknown = alerts.map(({ alert, expr }) => [alert, unknownIn(expr, known)]);
  expect(unknown.filter(([, names]) => names?.length !== 0)).toEqual([]);
});

test("each says what is wrong, what to do, and how urgent it is; and has a case that fires and one that is well", () => {
  for (const { alert, labels, annotations } of alerts) {
    expect([alert, ["page", "ticket"].includes(labels.severity)]).toEqual([alert, true]);
    expect([alert, annotations.summary.length > 20, annotations.description.length > 40]).toEqual([alert, true, true]);
  }
  expect(Object.keys(alertCases)).toEqual(alerts.map(({ alert }) => alert));
});

test("promtool finds nothing wrong with them", async (context) => {
  const { isWell, output } = await promtool(context, ["check", "rules", "alerts.yml"]);
  expect([isWell, output]).toEqual([true, expect.stringContaining(`${alerts.length} rules found`)]);
});

/** With the labels of what fires in their places, as whoever is woken reads it. */
const readBy = (text: string, labels: AlertCase["labels"]): string =>
  text.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_whole, name: string) => labels[name] ?? "");

/** What promtool is to find at these times: the alert as it is read, or nothing. */
function promised({ alert, labels, annotations }: Alert, { fires, isWell, ...rest }: AlertCase): readonly object[] {
  const { at = "20m", quietAt } = rest;
  const fired = {
    exp_labels: { ...labels, ...rest.labels },
    exp_annotations: {
      summary: readBy(annotations.summary, rest.labels),
      description: readBy(annotations.description, rest.labels),
    },
  };
  const series = (values: AlertCase["fires"]): readonly object[] =>
    Object.entries(values).map(([name, text]) => ({ series: name, values: text }));
  const looked = (time: string, found: readonly object[]): object => ({
    eval_time: time,
    alertname: alert,
    exp_alerts: found,
  });
  const before = quietAt === undefined ? [] : [looked(quietAt, [])];
  return [
    { interval: "15s", input_series: series(fires), alert_rule_test: [...before, looked(at, [fired])] },
    { interval: "15s", input_series: series(isWell), alert_rule_test: [looked(at, [])] },
  ];
}

test("each fires when it should, once, and not otherwise", { timeout: 120_000 }, async (context) => {
  // Each rule in a file of its own: all of them together are looked at for each case.
  const files = alerts.flatMap((rule) => {
    const rules = `${rule.alert}.json`;
    const given = alertCases[rule.alert] ?? expect.unreachable();
    const tests = promised(rule, given);
    return [
      [rules, { groups: [{ name: rule.alert, rules: [rule] }] }],
      [`${rule.alert}.test.json`, { rule_files: [rules], evaluation_interval: "15s", tests }],
    ] as const;
  });
  const written = Object.fromEntries(files.map(([name, content]) => [name, JSON.stringify(content)]));
  const cases = Object.keys(written).filter((name) => name.endsWith(".test.json"));
  const { isWell, output } = await promtool(context, ["test", "rules", ...cases], written);
  expect(output.split("\n").filter((line) => line.includes("SUCCESS")).length, output).toBe(alerts.length);
  expect(isWell).toBe(true);
});
