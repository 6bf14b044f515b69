// What Harbor's workers do: the one list of their handlers. Each is in a file of its own.
import { handleAnalytics } from "./analytics.ts";
import type { Handling } from "./handling.ts";
import { handleMentions } from "./mentions/mention-handler.ts";

export const handlings: readonly Handling[] = [handleAnalytics, handleMentions];
