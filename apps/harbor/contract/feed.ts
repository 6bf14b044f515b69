// The number feed: a whole number from 1 to 10, once a second.
import { defineChannel } from "@tidewire/protocol";
import { z } from "zod";

/** One number a second, so offsets of the channel count seconds. */
export const feedIntervalMs = 1_000;

export const numbers = defineChannel("feed:numbers", {
  data: z.int().min(1).max(10),
  history: { size: 100, ttlMs: 300_000 },
  publishers: "server",
});
