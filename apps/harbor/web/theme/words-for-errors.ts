// What went wrong, as a sentence for people.
import { TidewireError } from "@tidewire/protocol";

/** Where the server's own words would not help anybody. */
const sentences: Partial<Record<TidewireError["reason"], string>> = {
  indeterminate: "The server did not answer in time.",
  overloaded: "Too much is going on at once. It goes on in a moment.",
  too_many_requests: "Too much is going on at once. It goes on in a moment.",
  engine_unavailable: "The server has a problem of its own.",
  internal: "The server has a problem of its own.",
  unauthorized: "The server does not know you any more. Reload the page to come in again.",
};

export function sentenceFor(thrown: unknown): string {
  if (!(thrown instanceof Error)) return "Something went wrong.";
  if (!(thrown instanceof TidewireError)) return asSentence(thrown.message);
  if (thrown.reason === "not_available" && thrown.temporary) return "There is no connection to the server.";
  return sentences[thrown.reason] ?? asSentence(thrown.message);
}

function asSentence(words: string): string {
  const begun = words.slice(0, 1).toUpperCase() + words.slice(1);
  return /[.?]$/.test(begun) ? begun : `${begun}.`;
}
