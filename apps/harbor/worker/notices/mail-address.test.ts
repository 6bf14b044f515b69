// Addresses of people who have none: readable, always valid, and never what somebody chose.
import { expect, it } from "vitest";
import { mailAddress } from "./mail-address.ts";

const addressOf = (name: string, id = "guest_1"): string => mailAddress({ id, name }, "mail.test");

it.each([
  ["Lou Salomé", "lou-salome"],
  ["José Ångström", "jose-angstrom"],
  ["Łou, the “First”", "ou-the-first"],
  ["ceo@bank.example\r\nBcc: all", "ceo-bank-example-bcc-all"],
  ["--- ⚓ ---", "guest"],
  ["عمر", "guest"],
  ["a".repeat(50), "a".repeat(24)],
  // Nothing ends in a dash, also where it was cut there.
  [`${"a".repeat(23)} b`, "a".repeat(23)],
])("%s is %s, and a digest", (name, written) => {
  expect(addressOf(name)).toMatch(new RegExp(`^${written}\\.[0-9a-f]{12}@mail\\.test$`));
});

it("is another one for each person of a name, and the same each time", () => {
  expect(addressOf("Lou", "guest_1")).toBe(addressOf("Lou", "guest_1"));
  expect(addressOf("Lou", "guest_1")).not.toBe(addressOf("Lou", "guest_2"));
});
