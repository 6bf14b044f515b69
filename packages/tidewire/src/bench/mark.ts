// The mark in every payload: phase, place, number and time of a publication, at fixed places, read without parsing.

const placeDigits = 7;
const numberDigits = 10;
const timeDigits = 16;
const numberAt = 2 + placeDigits;
const timeAt = numberAt + numberDigits;
const markLength = timeAt + timeDigits;
const hash = 0x23;
const quote = 0x22;
const zero = 0x30;
/** Of `{"mark":"","text":""}`. */
const bracing = 21;

/** What a mark says. */
export interface Mark {
  /** One digit: what is left of an earlier phase is told apart. */
  readonly phase: number;
  /** The number of its channel; on a `latest` channel of its key. */
  readonly place: number;
  /** Counts within the phase, for each place from 1. */
  readonly n: number;
  /** When it was published; see `nowUs`. */
  readonly atUs: number;
}

export interface Payload {
  readonly mark: string;
  readonly text: string;
}

/** Microseconds of the machine's monotonic clock: all its processes read the same. */
export function nowUs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000_000 + Math.floor(nanoseconds / 1_000);
}

/** Text that fills a payload up to `bytes` of JSON. @throws {RangeError} when the mark alone is longer. */
export function fillingOf(bytes: number): string {
  const left = bytes - bracing - markLength;
  if (left < 0) throw new RangeError(`a payload has at least ${bracing + markLength} bytes, got ${bytes}`);
  return "x".repeat(left);
}

export function markOf({ phase, place, n, atUs }: Mark): string {
  return `#${phase}${padded(place, placeDigits)}${padded(n, numberDigits)}${padded(atUs, timeDigits)}`;
}

/** The place alone, as a mark's text has it: on a `latest` channel it is the key. */
export function placeIn(mark: string): string {
  return mark.slice(2, numberAt);
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}

/** Finds the mark of a frame's publication; one reader serves many connections of one kind. */
export class MarkReader implements Mark {
  phase = 0;
  place = 0;
  n = 0;
  atUs = 0;
  /** Where it was in the last frame: mostly where it is in the next. */
  #offset = 0;

  /** Whether there is one between `start` and `end`; then its fields are set. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start + this.#offset;
    if (!isMark(bytes, at, end)) {
      at = start;
      while (at < end && !isMark(bytes, at, end)) at += 1;
      if (at >= end) return false;
      this.#offset = at - start;
    }
    this.phase = (bytes[at + 1] ?? zero) - zero;
    this.place = digits(bytes, at + 2, placeDigits);
    this.n = digits(bytes, at + numberAt, numberDigits);
    this.atUs = digits(bytes, at + timeAt, timeDigits);
    return true;
  }
}

function isMark(bytes: Uint8Array, at: number, end: number): boolean {
  return bytes[at] === hash && at + markLength < end && bytes[at + markLength] === quote;
}

function digits(bytes: Uint8Array, from: number, count: number): number {
  let value = 0;
  for (let at = from; at < from + count; at += 1) value = value * 10 + (bytes[at] ?? zero) - zero;
  return value;
}
