// The descriptor limit: read from what Linux says of a process.
import { expect, test } from "vitest";
import { descriptorLimit, limitIn } from "./descriptor-limit.ts";

const table = (soft: string): string =>
  [
    "Limit                     Soft Limit           Hard Limit           Units     ",
    "Max cpu time              unlimited            unlimited            seconds   ",
    `Max open files            ${soft.padEnd(20)} 524288               files     `,
  ].join("\n");

test.each([
  ["1024", 1_024],
  ["1048576", 1_048_576],
  ["unlimited", null],
  ["0", null],
])("a soft limit of %s", (soft, limit) => expect(limitIn(table(soft))).toBe(limit));

test("what is no table tells nothing", () => expect(limitIn("")).toBeNull());

test.runIf(process.platform === "linux")("this process has one", () => {
  expect(descriptorLimit()).toBeGreaterThan(0);
});
