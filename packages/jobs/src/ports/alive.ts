// What keeps a process from ending while it waits for something that has no socket.
import type { Cancel } from "@tidewire/protocol/ports";

const longestTimerMs = 2_147_483_647;

/** The process goes on until this is canceled: timers of a `Clock` alone let it end. */
export function stayAlive(): Cancel {
  const timer = setInterval(() => undefined, longestTimerMs);
  return () => clearInterval(timer);
}
