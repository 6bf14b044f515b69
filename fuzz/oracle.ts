// What must hold of every result: only typed errors, no prototype that came from outside, and equal meaning after a detour.
import { isDeepStrictEqual } from "node:util";
import { Violation } from "./target.ts";

type ErrorClass = abstract new (...args: never[]) => Error;

/** The result of `read`; `null` when it refused in the way it may. Whatever else it throws is passed on. */
export function readOr<T>(refusal: ErrorClass | readonly ErrorClass[], read: () => T): T | null {
  try {
    return read();
  } catch (thrown) {
    return refused(refusal, thrown);
  }
}

export async function readOrLater<T>(refusal: ErrorClass, read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (thrown) {
    return refused(refusal, thrown);
  }
}

function refused(refusal: ErrorClass | readonly ErrorClass[], thrown: unknown): null {
  if ([refusal].flat().some((known) => thrown instanceof known)) return null;
  throw thrown;
}

/** @throws {Violation} with `says` when it does not hold. */
export function holds(condition: boolean, says: string): asserts condition {
  if (!condition) throw new Violation(says);
}

/** @throws {Violation} with both when they differ; zero has no sign here, since JSON loses it when it writes. */
export function isSame(got: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(got, expected) || isDeepStrictEqual(withoutSign(got), withoutSign(expected))) return;
  throw new Violation(`${what}: expected ${told(expected)}, got ${told(got)}`);
}

function withoutSign(value: unknown): unknown {
  if (value === 0) return 0;
  if (Array.isArray(value)) return value.map(withoutSign);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutSign(each)]));
}

function told(value: unknown): string {
  const text = JSON.stringify(value, (_, each: unknown) =>
    typeof each === "bigint" ? `${each}n` : each instanceof Map ? [...each] : each,
  );
  return String(text).slice(0, 300);
}

const builtIn: ReadonlySet<unknown> = new Set([
  null,
  ...[Object, Array, Map, Set, Uint8Array, Buffer].map(({ prototype }): unknown => prototype),
]);

/** @throws {Violation} for an object whose prototype is none of the language's own: it came from the input. */
export function hasOwnKeysOnly(value: unknown): void {
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const each = waiting.pop();
    if (typeof each !== "object" || each === null || each instanceof Error) continue;
    holds(builtIn.has(Object.getPrototypeOf(each)), "a result has a prototype that came from outside");
    if (each instanceof Uint8Array) continue;
    for (const inner of each instanceof Map ? each.values() : Object.values(each)) waiting.push(inner);
  }
}

const prototypes = [Object, Array, Function, String, Number, Map, Set, Promise, Uint8Array, Error].map(
  ({ prototype }) => prototype as object,
);
const before = prototypes.map((prototype) => Reflect.ownKeys(prototype).length);

/** @throws {Violation} when a prototype of the language has other keys than at the start. */
export function isUnpolluted(): void {
  prototypes.forEach((prototype, at) =>
    holds(Reflect.ownKeys(prototype).length === before[at], "a prototype of the language was changed"),
  );
}
