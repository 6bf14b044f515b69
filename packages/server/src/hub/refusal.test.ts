// Refusals cost no stack trace, and leave those of others alone.
import { TidewireError } from "@tidewire/protocol";
import { expect, test } from "vitest";
import { refusal, refuse } from "./refusal.ts";

test("a refusal is an error of the table without a stack trace, and the next error has one", () => {
  const refused = refusal("denied", "no");
  expect(refused).toBeInstanceOf(TidewireError);
  expect(refused).toMatchObject({ reason: "denied", message: "no", code: 103 });
  expect(refused.stack).not.toContain("\n    at ");
  expect(() => refuse("unknown_channel")).toThrow("unknown channel");
  expect(new Error("another").stack).toContain("\n    at ");
});
