// WebSocket framing with compression: each message by itself (RFC 7692 §7.2.1), so that one frame serves every subscriber.
import { constants, deflateRawSync } from "node:zlib";
import type { Framing } from "../dialects/connection.ts";
import type { Metrics } from "../ports/metrics.ts";
import { compressedFrame, webSocketFraming } from "./framing.ts";

/**
 * The window that messages are compressed with, as a power of two. Two sizes, since each is a view of its own
 * (decision 0016): the full one, and the smallest that zlib has, for everybody who asked for less.
 */
export type WindowBits = 9 | 15;

interface DeflateOptions {
  /** Bytes; a smaller message goes as it is. */
  readonly fromBytes: number;
  readonly windowBits: WindowBits;
  readonly metrics: Metrics;
}

/** Most of what compression gains, at a quarter of the time of zlib's default (decision 0016). */
const level = 1;

/** RFC 7692 §7.2.1: what a flush leaves at the end is not sent. */
const tailBytes = 4;

export function deflateFraming({ fromBytes, windowBits, metrics }: DeflateOptions): Framing {
  return {
    id: windowBits === 15 ? "ws+deflate" : "ws+deflate9",
    ping: webSocketFraming.ping,
    wrap: (payload, form) => {
      if (payload.length < fromBytes) return webSocketFraming.wrap(payload, form);
      const deflated = deflateRawSync(payload, { level, windowBits, finishFlush: constants.Z_SYNC_FLUSH });
      metrics.add("messages_deflated");
      metrics.add("deflate_bytes_before", payload.length);
      // What does not become smaller goes as it is, which spares its readers the work.
      if (deflated.length - tailBytes >= payload.length) {
        metrics.add("deflate_bytes_after", payload.length);
        return webSocketFraming.wrap(payload, form);
      }
      metrics.add("deflate_bytes_after", deflated.length - tailBytes);
      return compressedFrame(deflated.subarray(0, -tailBytes), form);
    },
  };
}
