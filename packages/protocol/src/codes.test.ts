// The table of codes: unambiguous, within the ranges the protocol gives them, and read back by code.
import { describe, expect, test } from "vitest";
import { closeReasons, mayReconnect, type RequestErrorName, requestErrors, unsubscribeReasons } from "./codes.ts";
import { fail, TidewireError } from "./error.ts";

describe("codes", () => {
  test("are given once each", () => {
    const tables: readonly Readonly<Record<string, { readonly code: number }>>[] = [
      requestErrors,
      closeReasons,
      unsubscribeReasons,
    ];
    for (const table of tables) {
      const codes = Object.values(table).map(({ code }) => code);
      expect(new Set(codes).size).toBe(codes.length);
    }
  });

  test("of requests are the protocol's own below 400, and Tidewire's from there to 1999", () => {
    for (const { code } of Object.values(requestErrors)) {
      expect((code >= 100 && code <= 113) || (code >= 400 && code <= 1_999)).toBe(true);
    }
  });

  test("of closing tell the client the same as the table does", () => {
    for (const { code, reconnect } of Object.values(closeReasons)) expect(mayReconnect(code)).toBe(reconnect);
  });

  test("of unsubscribing tell the client by 2500 whether to come back", () => {
    for (const { code, resubscribe } of Object.values(unsubscribeReasons)) expect(code >= 2_500).toBe(resubscribe);
  });

  test.each([
    [1000, true],
    [1006, true],
    [1009, false],
    [2999, true],
    [3000, true],
    [3499, true],
    [3500, false],
    [3999, false],
    [4000, true],
    [4499, true],
    [4500, false],
    [4999, false],
    [5000, true],
  ])("%i: comes back %j", (code, comesBack) => {
    expect(mayReconnect(code)).toBe(comesBack);
  });
});

describe("an error", () => {
  test.each(Object.keys(requestErrors) as RequestErrorName[])(
    "%s has the table's code, and is known again by it",
    (reason) => {
      const { code, temporary = false } = { ...requestErrors[reason] } as { code: number; temporary?: boolean };
      const message = reason.replaceAll("_", " ");
      const made = new TidewireError(reason);
      expect(made).toBeInstanceOf(Error);
      expect(made).toMatchObject({ name: "TidewireError", reason, code, message, temporary });
      expect(new TidewireError({ received: { code, message: "their words", temporary: !temporary } })).toMatchObject({
        reason,
        code,
        message: "their words",
        temporary: !temporary,
      });
    },
  );

  test("may have words of its own", () => {
    expect(new TidewireError("denied", "not you").message).toBe("not you");
    expect(() => fail("denied", "not you")).toThrow(new TidewireError("denied", "not you"));
  });

  test("of an application has a code from 400 to 1999", () => {
    expect(new TidewireError({ code: 1_402, temporary: true }, "pay first")).toMatchObject({
      reason: "application",
      code: 1_402,
      message: "pay first",
      temporary: true,
    });
    expect(new TidewireError({ code: 400 }).temporary).toBe(false);
    for (const code of [399, 2_000, 100, 450.5, Number.NaN]) {
      expect(() => new TidewireError({ code })).toThrow(RangeError);
    }
  });

  test("that was received may have any code", () => {
    const received = { code: 7, message: "foreign", temporary: false };
    expect(new TidewireError({ received })).toMatchObject({ reason: "application", code: 7, message: "foreign" });
  });
});
