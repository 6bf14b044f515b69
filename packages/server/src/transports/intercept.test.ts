// Paths of requests: what is ours behind a prefix, read without a parser exactly as a parser reads it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pathBehind } from "./intercept.ts";

const pieces = ["/", "//", ".", "..", ":", "-", "_", "raw", "C", "%2F", "%2e", "?", "#", "\\", "@", " ", "ü", "\t"];

describe("pathBehind", () => {
  it("reads every path as URL does", () => {
    const written = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((some) => `/${some.join("")}`);
    fc.assert(
      fc.property(written, (url) => {
        const parsed = URL.canParse(url, "http://host") ? new URL(url, "http://host").pathname : null;
        expect(pathBehind("", url)).toBe(parsed);
      }),
      { numRuns: 2_000 },
    );
  });

  it("leaves what is behind a prefix, and nothing of what is not", () => {
    const behind = ["/app/raw/lobby", "/app", "/apple", "/", undefined].map((url) => pathBehind("/app", url));
    expect(behind).toEqual(["/raw/lobby", "/", null, null, null]);
  });
});
