// What a suite's run came to, and how that differs from what is on record.

/** One test of a suite. `left out`: not run by us. `skipped`: the suite itself did not run it. */
export interface Result {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "left out" | "skipped";
}

/** Tests that do not pass, and why. */
export interface Exception {
  readonly reason: string;
  readonly tests: readonly string[];
}

/** What is on record for a suite: the file `test/conformance/<name>.json`. */
export interface Expectation {
  readonly repository: string;
  /** Its newest tag, as `git describe` says it; of a package, the version that was installed. */
  readonly version: string;
  /** `null` for a package. */
  readonly commit: string | null;
  readonly passed: number;
  /** Tests that run and fail. */
  readonly failing: readonly Exception[];
  /** Tests that the suite skips. */
  readonly skipped: readonly Exception[];
  /** Tests that are not run. */
  readonly leftOut: readonly Exception[];
}

/** What was run. */
export type Source = Pick<Expectation, "repository" | "version" | "commit">;

/** Stands for a reason until somebody has written one; not accepted on record. */
export const unexplained = "no reason has been written yet";

const namesIn = (exceptions: readonly Exception[]): readonly string[] => exceptions.flatMap(({ tests }) => tests);

/** Each difference as a sentence; none when the run is what is on record. */
export function differences(expected: Expectation, results: readonly Result[]): readonly string[] {
  const listed = new Map<string, Result["outcome"]>();
  for (const name of namesIn(expected.failing)) listed.set(name, "failed");
  for (const name of namesIn(expected.skipped)) listed.set(name, "skipped");
  for (const name of namesIn(expected.leftOut)) listed.set(name, "left out");
  const present = new Set(results.map(({ name }) => name));
  const found = results.flatMap(({ name, outcome }) => {
    const said = listed.get(name) ?? "passed";
    return said === outcome ? [] : [`${name}: expected ${said}, got ${outcome}`];
  });
  for (const name of listed.keys()) if (!present.has(name)) found.push(`${name}: is on record, but not in the suite`);
  const passed = countOf(results, "passed");
  if (found.length === 0 && passed !== expected.passed) found.push(`expected ${expected.passed} passed, got ${passed}`);
  return found;
}

/** What passed in `later`, but not in `earlier`. */
export function passedOnlyIn(later: readonly Result[], earlier: readonly Result[]): readonly string[] {
  const before = new Set(namesOf(earlier, "passed"));
  return namesOf(later, "passed").filter((name) => !before.has(name));
}

/** Of two tries: what passed in either has passed. */
export function bestOf(first: readonly Result[], second: readonly Result[]): readonly Result[] {
  const late = new Set(passedOnlyIn(second, first));
  return first.map(({ name, outcome }) => ({ name, outcome: late.has(name) ? "passed" : outcome }));
}

export function countOf(results: readonly Result[], outcome: Result["outcome"]): number {
  return results.filter((result) => result.outcome === outcome).length;
}

/** What would be on record after this run: known reasons are kept. */
export function recordOf(source: Source, results: readonly Result[], before: Expectation | null): Expectation {
  return {
    ...source,
    passed: countOf(results, "passed"),
    failing: grouped(namesOf(results, "failed"), before),
    skipped: grouped(namesOf(results, "skipped"), before),
    leftOut: grouped(namesOf(results, "left out"), before),
  };
}

const namesOf = (results: readonly Result[], outcome: Result["outcome"]): readonly string[] =>
  results.filter((result) => result.outcome === outcome).map(({ name }) => name);

function grouped(names: readonly string[], before: Expectation | null): readonly Exception[] {
  const known = new Map<string, string>();
  for (const { reason, tests } of before === null ? [] : [...before.failing, ...before.skipped, ...before.leftOut]) {
    for (const name of tests) known.set(name, reason);
  }
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const reason = known.get(name) ?? unexplained;
    groups.set(reason, [...(groups.get(reason) ?? []), name]);
  }
  return [...groups].map(([reason, tests]) => ({ reason, tests }));
}
