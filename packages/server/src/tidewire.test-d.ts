// The types of a server: what a contract says, a handler is given and has to return.
import { defineCall, type StandardSchema, TidewireError } from "@tidewire/protocol";
import { expectTypeOf, test } from "vitest";
import type { CallContext, Tidewire } from "./index.ts";

interface Line {
  readonly text: string;
}

declare const text: StandardSchema<string, Line>;
declare const count: StandardSchema<number, string>;
declare const tide: Tidewire;

test("a handler is given what the schema yields, and returns what the schema takes", () => {
  const measure = defineCall("measure", { input: text, output: count });
  tide.handle(measure, (input, context) => {
    expectTypeOf(input).toEqualTypeOf<Line>();
    expectTypeOf(context).toEqualTypeOf<CallContext>();
    return input.text.length;
  });
  tide.handle(measure, async ({ text: given }) => await Promise.resolve(given.length), { deadlineMs: 500 });
  // @ts-expect-error The schema takes a number.
  tide.handle(measure, ({ text: given }) => given);
  // @ts-expect-error There is no such option.
  tide.handle(measure, () => 1, { timeoutMs: 500 });
});

test("a call without schemas takes and gives what is not known", () => {
  tide.handle(defineCall("bare"), (input) => {
    expectTypeOf(input).toBeUnknown();
    return input;
  });
});

test("a handler may answer with an error of the table, or one of its own", () => {
  tide.handle(defineCall("refuse", { output: count }), () => {
    // @ts-expect-error There is no such reason.
    const wrong = new TidewireError("nonsense");
    throw Math.random() > 0.5 ? new TidewireError("denied") : new TidewireError({ code: 1_000 }, wrong.message);
  });
});
