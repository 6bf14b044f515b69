// What went wrong, as a sentence for people.
import { TidewireError } from "@tidewire/protocol";

export function sentenceFor(thrown: unknown): string {
  if (!(thrown instanceof TidewireError))
    return thrown instanceof Error ? asSentence(thrown.message) : "Something went wrong.";
  switch (thrown.reason) {
    case "indeterminate":
      return "The server did not answer in time.";
    case "not_available":
      return thrown.temporary ? "There is no connection to the server." : asSentence(thrown.message);
    case "overloaded":
    case "too_many_requests":
      return "Too much is going on at once. It goes on in a moment.";
    case "engine_unavailable":
    case "internal":
      return "The server has a problem of its own.";
    case "unauthorized":
      return "The server does not know you any more. Reload the page to come in again.";
    default:
      return asSentence(thrown.message);
  }
}

function asSentence(words: string): string {
  const first = words.slice(0, 1).toUpperCase() + words.slice(1);
  return /[.?]$/.test(first) ? first : `${first}.`;
}
