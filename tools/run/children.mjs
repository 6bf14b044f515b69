// The processes this script starts: signals are passed on to them, and none outlives the script's own parent.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { root } from "./workspace.mjs";

const parentCheckMs = 500;
const graceMs = 15_000;

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

/** @type {NodeJS.Signals | null} */
let endedBy = null;

/** The signal that told this script to end, or `null`. */
export const endSignal = () => endedBy;

/** @param {NodeJS.Signals} signal */
export const exitCodeOf = (signal) => 128 + constants.signals[signal];

/** @param {NodeJS.Signals} signal */
function passOn(signal) {
  endedBy ??= signal;
  for (const child of running) child.kill(signal);
}

function parentIsGone() {
  passOn("SIGTERM");
  const killAll = () => {
    for (const child of running) child.kill("SIGKILL");
  };
  setTimeout(killAll, graceMs).unref();
}

/**
 * From here on SIGINT, SIGTERM and SIGHUP reach every child, and the end of our parent counts as SIGTERM:
 * npm answers SIGTERM by killing its shell alone, so that the signal never comes here.
 */
export function watchOver() {
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) process.on(signal, passOn);
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    parentIsGone();
  }, parentCheckMs);
  timer.unref();
}

/**
 * @typedef {object} Start
 * @property {NodeJS.ProcessEnv} [env]
 * @property {string} [cwd]
 * @property {import("node:child_process").StdioOptions} [stdio] default: inherited
 * @property {boolean} [detached] in a process group of its own, so that a terminal's Ctrl-C comes once, from us
 * @property {boolean} [shell]
 */

/**
 * Starts a process that is told about signals.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Start} [options]
 */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { cwd: root, stdio: "inherit", ...options });
  running.add(child);
  child.once("close", () => running.delete(child));
  return child;
}

/**
 * @typedef {{ code: number | null, signal: NodeJS.Signals | null }} Ended
 */

/**
 * @param {import("node:child_process").ChildProcess} child
 * @returns {Promise<Ended>}
 */
export function ended(child) {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
}

/**
 * Runs a process to its end and keeps what it prints.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Start} [options]
 * @returns {Promise<Ended & { output: string }>}
 */
export async function capture(command, args, options = {}) {
  const child = start(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8");
    stream?.on("data", (text) => (output += text));
  }
  return { ...(await ended(child)), output };
}
