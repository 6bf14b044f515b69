// Errors that are answers: whoever is connected may bring them about as often as it likes, and nobody looks for them in the program.
import { type RequestErrorName, TidewireError } from "@tidewire/protocol";

/** Without a stack trace, which is most of what a refused command costs. */
export function refusal(reason: RequestErrorName, message?: string): TidewireError {
  const limit = Error.stackTraceLimit;
  // Where intrinsics are frozen it stays as it is.
  Reflect.set(Error, "stackTraceLimit", 0);
  try {
    return new TidewireError(reason, message);
  } finally {
    Reflect.set(Error, "stackTraceLimit", limit);
  }
}

/** Throws one; for use where an expression is wanted. */
export function refuse(reason: RequestErrorName, message?: string): never {
  throw refusal(reason, message);
}
