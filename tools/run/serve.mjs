// Runs a server, or a worker, as its parent: it gets our signals, and is started again when something else killed it.
import { ended, endSignal, exitCodeOf, start } from "./children.mjs";
import { say } from "./progress.mjs";
import { toolEnvironment } from "./workspace.mjs";

const defaultLimits = { pauseMs: 300, restarts: 20, windowMs: 60_000 };

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Runs the server until it ends by itself or was told to.
 * A death by a signal that did not come from here (the connection lab's SIGKILL, the out-of-memory killer) is
 * followed by a new start, at most `restarts` times in any `windowMs`.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {typeof defaultLimits} [limits]
 * @returns {Promise<number>} the exit code
 */
export async function supervise(command, args, limits = defaultLimits) {
  const env = { ...toolEnvironment(), TIDEWIRE_SUPERVISED: "1" };
  /** @type {number[]} */
  const deathsMs = [];
  for (;;) {
    const child = start(command, args, { env, stdio: ["ignore", "inherit", "inherit"], detached: ownGroup });
    const { code, signal } = await ended(child);
    if (signal === null) return code ?? 1;
    if (endSignal()) return exitCodeOf(signal);
    const nowMs = performance.now();
    deathsMs.push(nowMs);
    const recent = deathsMs.filter((deathMs) => nowMs - deathMs < limits.windowMs).length;
    if (recent > limits.restarts) {
      say(`  killed by ${signal} ${recent} times in ${limits.windowMs / 1000} s: giving up`);
      return exitCodeOf(signal);
    }
    say(`  killed by ${signal}: it is started again`);
    await pause(limits.pauseMs);
    if (endSignal()) return 0;
  }
}

// A Ctrl-C in the terminal reaches the whole group; in a group of its own the server hears it once, from us.
// On Windows a group of its own would open a window.
const ownGroup = process.platform !== "win32";
