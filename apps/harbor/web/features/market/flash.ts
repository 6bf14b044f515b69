// Lights a cell up for a moment, at most five times a second each, and not at all where motion is not wanted.

const litMs = 100;
const shortestPauseMs = 200;
/** What comes as often as that comes a little early now and then; what it gains it waits for later. */
const toleranceMs = 40;

const nextMs = new WeakMap<HTMLElement, number>();
const stillness = matchMedia("(prefers-reduced-motion: reduce)");

/** Sets `data-flash`, and takes it back. */
export function flash(cell: HTMLElement | null, direction: "up" | "down"): void {
  if (cell === null || stillness.matches) return;
  const nowMs = performance.now();
  const dueMs = nextMs.get(cell) ?? 0;
  if (nowMs < dueMs - toleranceMs) return;
  nextMs.set(cell, Math.max(nowMs, dueMs) + shortestPauseMs);
  cell.dataset["flash"] = direction;
  setTimeout(() => delete cell.dataset["flash"], litMs);
}
