// What libraries of ours tell their operator. Messages are fixed sentences; what varies goes into the fields.

/** What varies in a line of the log, by names. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Any structured logger fits: pino's methods with the arguments turned round. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** The default: a library does not write to somebody else's console. */
export const silentLog: Log = { debug: silence, info: silence, warn: silence, error: silence };

function silence(): void {
  // Nothing is said.
}

const longestReason = 1_000;

/**
 * What to log of something that was thrown: its message, never its object, and no more of it than somebody reads. Throws
 * nothing, whatever that is.
 */
export function reasonOf(thrown: unknown): string {
  const reason = writtenOf(thrown);
  return reason.length > longestReason ? `${reason.slice(0, longestReason)}…` : reason;
}

function writtenOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    // An object whose own methods throw: that it was one is all that can be said.
    return "something that cannot be written";
  }
}
