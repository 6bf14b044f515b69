// Analytics: what is counted of the chat and of the server, minute by minute, and counting it all again.
import { defineCall, defineChannel, defineJob } from "@tidewire/protocol";
import { z } from "zod";

export const minuteMs = 60_000;
/** Minutes that the page shows; the last one is still going on. */
export const minutesShown = 60;
/** Rooms with a series of their own; the others share one. */
export const roomsShown = 5;

const counts = z.array(z.int().min(0)).length(minutesShown);
/** `null`: nobody looked in that minute. */
const samples = z.array(z.number().min(0).nullable()).length(minutesShown);

const overview = z.object({
  /** When the first minute began. */
  fromMs: z.int(),
  /** Messages by room, those with the most first; the last may be all others, without an id. */
  rooms: z.array(z.object({ id: z.string().nullable(), name: z.string(), messages: counts })).max(roomsShown + 1),
  /** People who wrote something. */
  people: counts,
  /** Publications handed to subscribers, of all channels. */
  deliveries: samples,
  /** Milliseconds until the log had taken a publication, for half of them, and for all but one in a hundred. */
  acceptedMs: z.object({ half: samples, most: samples }),
  /** Different people who wrote something in all of these minutes. */
  activePeople: z.int().min(0),
  /** Messages that are counted, and that are not yet. */
  counted: z.int().min(0),
  waiting: z.int().min(0),
});
export type Overview = z.infer<typeof overview>;

/** The newest overview is all that counts. */
export const analytics = defineChannel("analytics", {
  mode: "latest",
  data: overview,
  key: () => "overview",
  publishers: "server",
});

/** Counts everything again from the log. */
export const recount = defineJob("analytics.recount", {
  progress: z.object({ rooms: z.int(), of: z.int() }),
  output: z.object({
    messages: z.int(),
    /** Rows that were not the same before. */
    differences: z.int(),
  }),
});
export const orderRecount = defineCall("analytics.recount", { output: z.object({ id: z.string() }) });
