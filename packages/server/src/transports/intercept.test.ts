// Paths of requests: what is ours behind a prefix, read without a parser exactly as a parser reads it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pathBehind } from "./intercept.ts";

const pieces = ["/", "//", ".", "..", ":", "-", "_", "raw", "C", "%2F", "%2e", "?", "#", "\\", "@", " ", "ü", "\t"];

describe("pathBehind", () => {
  it("reads every path as URL does, but for those of which URL makes another one", () => {
    const written = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((some) => `/${some.join("")}`);
    fc.assert(
      fc.property(written, (url) => {
        const [path = ""] = url.split(/[?#]/);
        const segments = path.split("/").map((segment) => segment.replaceAll(/%2e/gi, "."));
        const isUnclear = path.includes("\\") || segments.includes(".") || segments.includes("..");
        expect(pathBehind("", url)).toBe(isUnclear ? null : new URL(`http://host${url}`).pathname);
      }),
      { numRuns: 2_000 },
    );
  });

  it("finds no host in a path, nor a path where another reader would find none", () => {
    const urls = ["//evil/echo", "/raw/../echo", "/raw/%2E%2e/echo", "/raw\\lobby", "/./echo", "/raw/..", "*", "a:80"];
    const [slashes, ...others] = urls.map((url) => pathBehind("", url));
    expect(slashes).toBe("//evil/echo");
    expect(others.filter((path) => path?.startsWith("/") === true)).toEqual([]);
  });

  it("takes a whole address for its path, and what is behind a question mark for none of it", () => {
    const urls = ["http://a/echo", "http://a//echo", "/echo?at=/../x\\y", "/raw/a%2Fb?c"];
    expect(urls.map((url) => pathBehind("", url))).toEqual(["/echo", "//echo", "/echo", "/raw/a%2Fb"]);
  });

  it("leaves what is behind a prefix, and nothing of what is not", () => {
    const behind = ["/app/raw/lobby", "/app", "/apple", "/", undefined].map((url) => pathBehind("/app", url));
    expect(behind).toEqual(["/raw/lobby", "/", null, null, null]);
  });
});
