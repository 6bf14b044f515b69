// What can be wrong with a line: the faults, their units and limits, and how they are set on its directions.

/** `up`: from the client to the server. `down`: from the server to the client. */
export type Direction = "up" | "down";

/** `reset`: RST, what is on the way is lost. `end`: FIN, likewise. */
export type CutHow = "reset" | "end";

/** Faults of one direction. They compose; no byte is lost, repeated or put elsewhere by any of them. */
export interface FlowFaults {
  /** How late bytes, ends and resets arrive, in milliseconds. 1 to 600,000. At most 1 MiB is on the way at once. */
  readonly delayMs?: number;
  /** Added to the delay, evenly from 0 to this many milliseconds. 1 to 600,000. What is late holds up what follows. */
  readonly jitterMs?: number;
  /** Bytes a second at most, given out in portions of 20 ms. 1 to 1,000,000,000. */
  readonly bytesPerSecond?: number;
  /** Written in pieces of this many bytes, one a millisecond at most. 1 to 65,536. */
  readonly sliceBytes?: number;
  /** Nothing is read from the sending side, its end neither: TCP holds it back as soon as the buffers are full. */
  readonly stopReading?: boolean;
  /** Nothing is written to the receiving side; up to 1 MiB is taken from the sending side and held. */
  readonly stopWriting?: boolean;
}

/** Faults of a connection as a whole. */
export interface LinkFaults {
  /**
   * The line is dead and nobody was told: everything is swallowed, ends and resets too, and both sockets stay open.
   * What was swallowed is missing, so this cannot be taken back; the connection stays so until it is cut, or both
   * sides have ended it. A line that comes back is `stopReading`.
   */
  readonly halfOpen?: boolean;
  /** Cuts a connection this many milliseconds after it opened or this was set. 1,000 to 86,400,000. */
  readonly cutEveryMs?: number;
  /** Added to `cutEveryMs`, evenly from 0 to this many milliseconds. 1 to 86,400,000. */
  readonly cutJitterMs?: number;
  /** How `cutEveryMs` cuts. Default: `reset`. */
  readonly cutBy?: CutHow;
  /** Nobody listens: a client that connects gets ECONNREFUSED. Open connections stay. */
  readonly refuse?: boolean;
  /** New connections are accepted, and the server is not dialled before this is taken back. */
  readonly hang?: boolean;
}

/** Faults to set; what is left out is not there. */
export interface Faults extends FlowFaults, LinkFaults {}

/** The faults of one connection, or of those to come. */
export interface FaultPlan {
  readonly up: FlowFaults;
  readonly down: FlowFaults;
  readonly link: LinkFaults;
}

export const noFaults: FaultPlan = { up: {}, down: {}, link: {} };

type Check = (name: string, value: unknown) => void;

const flowChecks: Readonly<Record<keyof FlowFaults, Check>> = {
  delayMs: within(1, 600_000),
  jitterMs: within(1, 600_000),
  bytesPerSecond: within(1, 1_000_000_000),
  sliceBytes: within(1, 65_536),
  stopReading: checkFlag,
  stopWriting: checkFlag,
};
const linkChecks: Readonly<Record<keyof LinkFaults, Check>> = {
  halfOpen: checkFlag,
  cutEveryMs: within(1_000, 86_400_000),
  cutJitterMs: within(1, 86_400_000),
  cutBy: (name, value) => void cutHowOf(name, value),
  refuse: checkFlag,
  hang: checkFlag,
};
const checks: ReadonlyMap<string, Check> = new Map(Object.entries({ ...flowChecks, ...linkChecks }));

/**
 * Reads faults that come from outside, such as a request's body.
 * @throws {TypeError} for what is no object, and for a fault there is none of.
 * @throws {RangeError} for a value outside its limits, 0 and negative ones too.
 */
export function parseFaults(value: unknown): Faults {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`faults: expected an object, got ${show(value)}`);
  }
  const given = Object.entries(value).filter(([, each]) => each !== undefined);
  for (const [name, each] of given) {
    const check = checks.get(name);
    if (check === undefined) {
      throw new TypeError(`faults: expected some of ${[...checks.keys()].join(", ")}, got ${show(name)}`);
    }
    check(name, each);
  }
  // A fault that is switched off is one that is not there.
  const faults: Faults = Object.fromEntries(given.filter(([, each]) => each !== false));
  for (const name of ["cutJitterMs", "cutBy"] as const) {
    if (faults[name] !== undefined && faults.cutEveryMs === undefined) {
      throw new RangeError(`${name}: expected together with cutEveryMs, got it alone`);
    }
  }
  return faults;
}

/**
 * The plan with `faults` in the place of those it had: of one direction, or without one of all.
 * @throws {RangeError} for a fault that has no direction, when one is given.
 */
export function planWith(plan: FaultPlan, faults: Faults, direction: Direction | undefined): FaultPlan {
  const flow: FlowFaults = only(faults, flowChecks);
  const link: LinkFaults = only(faults, linkChecks);
  if (direction === undefined) return { up: flow, down: flow, link };
  const [stray] = Object.keys(link);
  if (stray !== undefined) {
    throw new RangeError(`${stray}: expected without a direction, got direction ${show(direction)}`);
  }
  return { ...plan, [direction]: flow };
}

/** @throws {RangeError} */
export function directionOf(value: unknown): Direction | undefined {
  if (value === undefined || value === "up" || value === "down") return value;
  throw new RangeError(`direction: expected "up" or "down", got ${show(value)}`);
}

/** @throws {RangeError} */
export function cutHowOf(name: string, value: unknown): CutHow {
  if (value === "reset" || value === "end") return value;
  throw new RangeError(`${name}: expected "reset" or "end", got ${show(value)}`);
}

/** @throws {RangeError} unless `value` is an integer from `least` to `most`. */
export function within(least: number, most: number): (name: string, value: unknown) => void {
  return (name, value) => {
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return;
    throw new RangeError(`${name}: expected an integer from ${least} to ${most}, got ${show(value)}`);
  };
}

/** A value as an error message shows it. */
export function show(value: unknown): string {
  // JSON has no NaN and no infinity, and would show both as null.
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function checkFlag(name: string, value: unknown): void {
  if (typeof value !== "boolean") throw new RangeError(`${name}: expected true or false, got ${show(value)}`);
}

function only(faults: Faults, names: Readonly<Record<string, Check>>): Faults {
  return Object.fromEntries(Object.entries(faults).filter(([name]) => Object.hasOwn(names, name)));
}
