// `npm test`: the checks, then Vitest, then one line that says how it went.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { emptyTally, runChecks } from "./checks.mjs";
import { ended, start } from "./children.mjs";
import { ensureInstalled } from "./install.mjs";
import { say } from "./progress.mjs";
import { findServices } from "./services.mjs";
import { at, projectNode, toolEnvironment } from "./workspace.mjs";

/** @typedef {import("./checks.mjs").Tally} Tally */

/** @param {Tally[]} tallies @returns {Tally} */
function sum(tallies) {
  return {
    passed: tallies.reduce((total, tally) => total + tally.passed, 0),
    failures: tallies.flatMap((tally) => tally.failures),
    skips: tallies.flatMap((tally) => tally.skips),
    retried: tallies.flatMap((tally) => tally.retried),
  };
}

/** What the reporter wrote; a run that ended badly without a failure on record is one. @returns {Tally} */
function readTally(/** @type {string} */ file, /** @type {import("./children.mjs").Ended} */ end) {
  const how = `vitest ended with ${end.code ?? end.signal}`;
  let tally = emptyTally();
  try {
    tally = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    tally.failures.push(`${how}, and left no results`);
  }
  if (end.code !== 0 && tally.failures.length === 0) tally.failures.push(how);
  return tally;
}

/**
 * @param {readonly string[]} filters and options for Vitest
 * @param {Record<string, string>} serviceEnv
 */
async function runVitest(filters, serviceEnv) {
  const folder = mkdtempSync(path.join(tmpdir(), "tidewire-test-"));
  const results = path.join(folder, "results.json");
  const env = { ...toolEnvironment(), ...serviceEnv, TIDEWIRE_TEST_RESULTS: results };
  const vitest = start(projectNode(), [at("node_modules/vitest/vitest.mjs"), "run", ...filters], { env });
  const tally = readTally(results, await ended(vitest));
  rmSync(folder, { recursive: true });
  return tally;
}

/** @param {Tally} tally */
function sayResult({ passed, failures, skips, retried }) {
  if (skips.length > 0) say(`\nSkipped:\n${skips.map((skip) => `  ${skip}`).join("\n")}`);
  if (retried.length > 0) say(`\nPassed when tried again:\n${retried.map((test) => `  ${test}`).join("\n")}`);
  if (failures.length > 0) say(`\nFailed:\n${failures.map((failure) => `  ${failure}`).join("\n")}`);
  say(`\n${passed} passed, ${failures.length} failed, ${skips.length} skipped`);
}

/**
 * Runs checks and tests. With filters only the tests they name run, and no checks.
 * @param {readonly string[]} filters
 * @param {{ stopEarly: boolean }} options
 * @returns {Promise<number>} the exit code
 */
export async function testAll(filters, options) {
  /** @type {Tally[]} */
  const tallies = [];
  const failed = () => tallies.some((tally) => tally.failures.length > 0);
  try {
    await ensureInstalled();
    if (filters.length === 0) tallies.push(await runChecks(options));
    if (!(options.stopEarly && failed())) {
      const services = await findServices();
      tallies.push({ ...emptyTally(), failures: services.failed, skips: services.missing });
      tallies.push(await runVitest(filters, services.env));
    }
  } catch (error) {
    tallies.push({ ...emptyTally(), failures: [error instanceof Error ? error.message : String(error)] });
  }
  const total = sum(tallies);
  if (total.passed + total.failures.length === 0) total.failures.push("no tests ran");
  sayResult(total);
  return total.failures.length > 0 ? 1 : 0;
}
