// The jobs of the analytics that nobody watches.
import { defineJob } from "@tidewire/protocol";

/** Counts the messages that are not counted yet: soon after one was kept. */
export const countSoon = defineJob("analytics.count");

/** The same every minute, whatever became of the other; and looks at what the nodes did. */
export const everyMinute = defineJob("analytics.minute");
