// The checks that are not tests: each is one program, and counts as one test.
import path from "node:path";
import { capture } from "./children.mjs";
import { say, secondsSince } from "./progress.mjs";
import { at, projectNode, toolEnvironment } from "./workspace.mjs";

/** A check that ends with this code was left out; its last line is the reason. */
const skipCode = 78;

const maxOutputLines = 100;

/** @typedef {{ name: string, args: readonly string[] }} Check what it checks, and the script that does */

/** Cheapest first; "lint" and "packages" read what "types" wrote. @type {readonly Check[]} */
const checks = [
  { name: "lockfile: every optional part is locked", args: ["tools/lockfile.mjs"] },
  { name: "layers: imports point down", args: ["tools/layers.ts"] },
  { name: "guarantees: each names its tests", args: ["tools/guarantees.ts"] },
  { name: "format: oxfmt", args: ["node_modules/oxfmt/bin/oxfmt", "--check"] },
  { name: "types: tsc -b", args: ["node_modules/typescript/bin/tsc", "-b"] },
  { name: "lint: oxlint", args: ["node_modules/oxlint/bin/oxlint"] },
  { name: "size: client and hooks", args: ["tools/size.ts"] },
  { name: "unused code: knip", args: ["node_modules/knip/bin/knip.js", "--no-progress", "--no-config-hints"] },
  { name: "packages: publint", args: ["tools/packages.ts"] },
];

/** @typedef {{ passed: number, failures: string[], skips: string[], retried: string[] }} Tally */

/** @returns {Tally} */
export const emptyTally = () => ({ passed: 0, failures: [], skips: [], retried: [] });

/** The beginning of what a check printed; the check itself, run by hand, prints all. @param {string} text */
function excerpt(text) {
  const lines = text.trimEnd().split("\n");
  const left = lines.length - maxOutputLines;
  const shown = left > 0 ? [...lines.slice(0, maxOutputLines), `... and ${left} more lines`] : lines;
  return shown.map((line) => `    ${line}`).join("\n");
}

/**
 * Runs the checks one after the other.
 * @param {{ stopEarly: boolean }} options
 * @returns {Promise<Tally>}
 */
export async function runChecks({ stopEarly }) {
  const tally = emptyTally();
  for (const { name, args } of checks) {
    const [script = "", ...rest] = args;
    const startedMs = performance.now();
    const { code, signal, output } = await capture(projectNode(), [at(script), ...rest], { env: toolEnvironment() });
    const took = secondsSince(startedMs);
    if (code === 0) {
      tally.passed += 1;
      say(`  ok    ${name}, ${took}`);
    } else if (code === skipCode) {
      tally.skips.push(`${name}: ${output.trim().split("\n").at(-1)}`);
      say(`  skip  ${name}, ${took}`);
    } else {
      tally.failures.push(`${name} (${path.basename(script)} ended with ${code ?? signal})`);
      say(`  FAIL  ${name}, ${took}\n${excerpt(output)}`);
      if (stopEarly) break;
    }
  }
  return tally;
}
