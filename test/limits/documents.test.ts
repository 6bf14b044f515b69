// docs/limits.md and docs/metrics.md say what the options and the counters are, all of them and nothing else.
import { readFileSync } from "node:fs";
import { defaultLimits } from "@tidewire/server";
import { expect, test } from "vitest";
import { families, latencies } from "../../packages/server/src/http/metric-families.ts";
import { jobFamilies, jobTimes } from "../../packages/server/src/http/job-families.ts";
import { webhookFamilies, webhookTimes } from "../../packages/server/src/http/webhook-families.ts";
import { limitNames } from "../../packages/server/src/ports/metrics.ts";

/** The cells of each row of a page's tables, by the tables' first column. */
function rows(page: string, column: string): string[][] {
  const lines = readFileSync(new URL(`../../docs/${page}`, import.meta.url), "utf8").split("\n");
  let isWanted = false;
  const found: string[][] = [];
  for (const line of lines) {
    if (!line.startsWith("|")) {
      isWanted = false;
      continue;
    }
    const cells = line.split("|").map((cell) => cell.trim());
    const [, first = ""] = cells;
    if (first === column) isWanted = true;
    else if (isWanted && !first.startsWith("--")) found.push(cells.slice(1, -1));
  }
  return found;
}

const named = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);

/** What depends on the machine is told in words. */
const ofTheMachine = ["connections", "tailsBytes"];

const options = rows("limits.md", "option");

test("each option of limits is there once, with its default", () => {
  const told = options.map(([option = "", value = ""]) => [named(option)[0], value]);
  const expected = Object.entries<number>({ ...defaultLimits }).map(([name, value]) => [
    name,
    value.toLocaleString("en-US"),
  ]);
  const fixed = (list: readonly unknown[][]): unknown[][] =>
    list
      .map(([name, value]) => (ofTheMachine.includes(String(name)) ? [name] : [name, value]))
      .toSorted(([a], [b]) => String(a).localeCompare(String(b)));
  expect(fixed(told)).toEqual(fixed(expected));
  for (const [option, , unit = "", policy = ""] of options) {
    expect([option, unit.length > 5, policy.length > 5]).toEqual([option, true, true]);
  }
});

test("each counter of a limit is there, and none that does not exist", () => {
  const figures = new Set(families.map(({ name }) => name));
  const told = [...options, ...rows("limits.md", "limit")].flatMap((cells) => named(cells.at(-1) ?? ""));
  const limits = told.filter((name) => !figures.has(name));
  expect([...new Set(limits)].toSorted()).toEqual([...limitNames].toSorted());
  // Each option's counter is named like the option, or like the one whose burst it is.
  for (const [option = "", , , , counter = ""] of options) {
    const [name = ""] = named(option);
    const [by = ""] = named(counter);
    const isBurst = ["s", "es"].some((plural) => by === name.replace(/Burst$/, `${plural}PerSecond`));
    expect([name, by === name || isBurst || figures.has(by)]).toEqual([name, true]);
  }
});

test("each figure of /metrics is there once, with its kind and labels", () => {
  const told = rows("metrics.md", "name").map(([name = "", kind, labels = ""]) => [
    named(name)[0],
    kind,
    named(labels),
  ]);
  const expected = [
    ...families.map(({ name, kind, labelNames }) => [name, kind, [...labelNames]]),
    ...latencies.map(({ name }) => [name, "histogram", []]),
    ...webhookFamilies.map(({ name, kind, labelNames }) => [name, kind, [...labelNames]]),
    [webhookTimes.name, "histogram", [...webhookTimes.labelNames]],
    ...jobFamilies.map(({ name, kind, labelNames }) => [name, kind, [...labelNames]]),
    ...jobTimes.map(({ name, labelNames }) => [name, "histogram", [...labelNames]]),
  ];
  const sorted = (list: readonly unknown[][]): unknown[][] =>
    list.toSorted(([a], [b]) => String(a).localeCompare(String(b)));
  expect(sorted(told)).toEqual(sorted(expected));
});
