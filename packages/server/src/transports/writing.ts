// Writing to a socket of ours: whole frames at once, and when it has enough of them.
import type { Socket } from "node:net";
import type { Limits } from "../options.ts";
import type { Metrics } from "../ports/metrics.ts";

/** Bytes at which a socket counts as full. Node says "drain" only to a writer that was told to stop, at its own mark. */
export function watermarkOf(socket: Socket, { watermarkBytes }: Pick<Limits, "watermarkBytes">): number {
  return Math.max(watermarkBytes, socket.writableHighWaterMark);
}

/** One system call for all of them. */
export function writeFrames(socket: Socket, frames: readonly Uint8Array[], metrics: Metrics): void {
  metrics.writes += 1;
  for (const frame of frames) metrics.bytesSent += frame.length;
  const only = frames.length === 1 ? frames[0] : undefined;
  if (only !== undefined) {
    socket.write(only);
    return;
  }
  socket.cork();
  for (const frame of frames) socket.write(frame);
  socket.uncork();
}
