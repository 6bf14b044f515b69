// What Harbor's workers do: the one list of their handlers. Each is in a file of its own.
import { handleAnalytics } from "./analytics.ts";
import type { Handling } from "./handling.ts";
import { judgeConcurrency, judging } from "./judge/judging.ts";
import { handleMentions } from "./mentions/mention-handler.ts";

export const handlings: readonly Handling[] = [handleAnalytics, handleMentions];

/** Work that keeps a processor busy has hands of its own: what is done in a moment does not wait for it. */
export const busyHandlings: readonly Handling[] = [judging];
export const busyConcurrency: number = judgeConcurrency;
