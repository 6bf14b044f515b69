// What the user sees of a step that takes time: its name, a sign of life, how long it took and how large the result is.
import { readdir, stat } from "node:fs/promises";
import path from "node:path";

const signOfLifeMs = 10_000;

/** @param {string} line */
export const say = (line) => void process.stdout.write(`${line}\n`);

/** @param {number} startedMs from `performance.now()` */
export const secondsSince = (startedMs) => `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;

/** @param {number} bytes */
export function sizeOf(bytes) {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} kB`;
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

/** @param {string} folder @returns {Promise<number>} bytes of all files below it */
export async function folderSize(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (file) => (await stat(path.join(file.parentPath, file.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/**
 * Runs one step and says what it does, that it still runs, and how it ended.
 * @param {string} name as in "installing packages"
 * @param {() => Promise<string>} work resolves with what to say at the end, as in "218 packages"
 */
export async function step(name, work) {
  const startedMs = performance.now();
  say(`  ${name} ...`);
  const timer = setInterval(() => say(`  ${name}: ${secondsSince(startedMs)} so far`), signOfLifeMs);
  try {
    const result = await work();
    say(`  ${name}: ${result}, ${secondsSince(startedMs)}`);
  } finally {
    clearInterval(timer);
  }
}
