// The one error class that crosses package borders; its code comes from the table in codes.ts.
import { type RequestErrorName, requestErrors } from "./codes.ts";

/** What an application may answer with: a number of its own from 400 to 1999. */
export interface ApplicationErrorCode {
  readonly code: number;
  readonly temporary?: boolean;
}

/** An error as the other side sent it: any number, and its own word on whether to try again. */
export interface ReceivedError {
  readonly received: { readonly code: number; readonly message: string; readonly temporary: boolean };
}

interface Parts {
  readonly reason: RequestErrorName | "application";
  readonly code: number;
  readonly message?: string;
  readonly temporary?: boolean;
}

/**
 * A request that failed, with the reason by name (`error.name` stays "TidewireError").
 * Throw one in a rule or a call to answer the client with that code; any other error reaches it as `internal`.
 */
export class TidewireError extends Error {
  override readonly name: string = "TidewireError";
  /** The name in the table, or `application` for a code of the application's own. */
  readonly reason: RequestErrorName | "application";
  /** The number on the wire. */
  readonly code: number;
  /** Whether the same request may succeed later. */
  readonly temporary: boolean;

  /** @throws {RangeError} for an application's code outside of 400 to 1999. */
  constructor(reason: RequestErrorName | ApplicationErrorCode | ReceivedError, message?: string) {
    const parts = partsOf(reason);
    super(message ?? parts.message ?? parts.reason.replaceAll("_", " "));
    this.reason = parts.reason;
    this.code = parts.code;
    this.temporary = parts.temporary ?? false;
  }
}

function partsOf(reason: RequestErrorName | ApplicationErrorCode | ReceivedError): Parts {
  if (typeof reason === "string") return { reason, ...requestErrors[reason] };
  if ("received" in reason) return { reason: nameOf(reason.received.code), ...reason.received };
  const { code } = reason;
  if (!Number.isInteger(code) || code < 400 || code > 1999) {
    throw new RangeError(`expected an error code from 400 to 1999, got ${code}`);
  }
  return { reason: "application", ...reason };
}

function nameOf(code: number): RequestErrorName | "application" {
  const names = Object.keys(requestErrors) as RequestErrorName[];
  return names.find((name) => requestErrors[name].code === code) ?? "application";
}

/** Throws a request error; for use where an expression is wanted. */
export function fail(reason: RequestErrorName, message?: string): never {
  throw new TidewireError(reason, message);
}
