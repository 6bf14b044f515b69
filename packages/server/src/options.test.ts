// Options: limits are positive integers, and what is none is refused before anything starts.
import { expect, test } from "vitest";
import { defaultLimits, type Limits, resolveLimits } from "./options.ts";
import { createTidewire } from "./server.ts";

const names = Object.keys(defaultLimits) as (keyof Limits)[];
const wrong: readonly unknown[] = [0, -1, 1.5, Number.NaN, Infinity, "100", null, undefined, 2 ** 53];

test.each(names)("limits.%s", (name) => {
  expect(resolveLimits({ [name]: 1 })[name]).toBe(1);
  expect(Number.isSafeInteger(defaultLimits[name]) && defaultLimits[name] >= 1).toBe(true);
  for (const value of wrong) {
    const message = `limits.${name} is a positive integer, got ${String(value)}`;
    expect(() => resolveLimits({ [name]: value })).toThrow(new RangeError(message));
  }
});

test("a server is not made with a limit that is none, or that nobody knows", () => {
  const make = (limits: object): unknown => createTidewire({ channels: [], limits });
  expect(() => make({ connections: 0 })).toThrow(new RangeError("limits.connections is a positive integer, got 0"));
  expect(() => make({ conections: 5 })).toThrow(new TypeError("limits.conections is not a limit"));
  expect(() => make({ toString: 5 })).toThrow(new TypeError("limits.toString is not a limit"));
});
