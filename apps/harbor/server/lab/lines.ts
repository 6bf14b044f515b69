// The lines of all guests: each opened when it is first wanted, and closed when nobody has used it for a while.
import { fail } from "@tidewire/protocol";
import type { Log } from "@tidewire/server";
import type { Line } from "./line.ts";

/** Each makes five numbers a second. */
const mostLines = 16;
const idleMs = 60_000;

export interface Lines {
  /** The guest's line, opened if it is not. @throws {TidewireError} `overloaded` when as many are open as may be. */
  of(guest: string): Promise<Line>;
  /** The guest's line, if it is open. */
  find(guest: string): Line | null;
  stop(): Promise<void>;
}

interface Held {
  readonly opening: Promise<Line>;
  line: Line | null;
  usedMs: number;
}

export interface LinesOptions {
  readonly open: (guest: string) => Promise<Line>;
  readonly log: Log;
  /** Default: a minute. */
  readonly idleMs?: number;
}

export function createLines(options: LinesOptions): Lines {
  const lines = new Map<string, Held>();
  const longestIdleMs = options.idleMs ?? idleMs;

  async function close(guest: string, held: Held): Promise<void> {
    lines.delete(guest);
    const line = await held.opening.catch(() => null);
    await line?.close();
  }

  function endIdle(): void {
    for (const [guest, held] of lines) {
      if (held.line?.isInUse === true) held.usedMs = Date.now();
      if (Date.now() - held.usedMs < longestIdleMs) continue;
      close(guest, held).catch((thrown: unknown) => {
        options.log.warn("a line of the lab was not closed", { reason: String(thrown) });
      });
    }
  }

  const timer = setInterval(endIdle, longestIdleMs / 4);

  function begin(guest: string): Held {
    if (lines.size >= mostLines) fail("overloaded", `${mostLines} guests use the lab at present`);
    const held: Held = { opening: options.open(guest), line: null, usedMs: Date.now() };
    lines.set(guest, held);
    held.opening.then(
      (line) => {
        held.line = line;
      },
      () => lines.delete(guest),
    );
    return held;
  }

  return {
    async of(guest) {
      const held = lines.get(guest) ?? begin(guest);
      held.usedMs = Date.now();
      return await held.opening;
    },
    find: (guest) => lines.get(guest)?.line ?? null,
    async stop() {
      clearInterval(timer);
      await Promise.all([...lines].map(([guest, held]) => close(guest, held)));
    },
  };
}
