// Counts what Vitest ran for tools/run.mjs: failed tests and errors outside tests alike, and why tests were skipped.
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Reporter, SerializedError, TestCase, TestModule } from "vitest/node";

/** A file or suite that does not load has no failed test; counted by tests alone it would be "0 failed". */
function loadErrors(module: TestModule): string[] {
  const suites = [...module.children.allSuites()];
  const inSuites = suites.flatMap((suite) => suite.errors().map((error) => `${suite.fullName}: ${error.message}`));
  return [...module.errors().map((error) => error.message), ...inSuites];
}

function skipReason(test: TestCase): string {
  const result = test.result();
  const note = result.state === "skipped" ? result.note : undefined;
  return note ?? "no reason given";
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** Writes `{ passed, failures, skips, retried }` to the file that `TIDEWIRE_TEST_RESULTS` names. */
export class CountingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    let passed = 0;
    const failures = unhandled.map((error) => `unhandled: ${firstLine(error.message)}`);
    const skips: string[] = [];
    const retried: string[] = [];
    for (const module of modules) {
      const file = path.relative(process.cwd(), module.moduleId);
      failures.push(...loadErrors(module).map((error) => `${file}: ${firstLine(error)}`));
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        const why = firstLine(errors?.[0]?.message ?? "no reason given");
        if (test.diagnostic()?.flaky === true) retried.push(`${file} > ${test.fullName}: ${why}`);
        if (state === "passed") passed += 1;
        else if (state === "skipped") skips.push(`${file} > ${test.fullName}: ${skipReason(test)}`);
        else failures.push(`${file} > ${test.fullName}`);
      }
    }
    const results = process.env["TIDEWIRE_TEST_RESULTS"];
    if (results) writeFileSync(results, JSON.stringify({ passed, failures, skips, retried }));
  }
}
