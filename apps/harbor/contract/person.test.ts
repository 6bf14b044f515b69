// Names are tidied, and colours are the same everywhere.
import { describe, expect, it } from "vitest";
import { colourOf, personName } from "./person.ts";

describe("a name", () => {
  it.each([
    ["  Ada   Lovelace ", "Ada Lovelace"],
    ["Ada\u0000\u202eevil", "Adaevil"],
    ["e\u0301", "\u00e9"],
    ["🦊", "🦊"],
    ["مريم", "مريم"],
  ])("%j is kept as %j", (given, kept) => {
    expect(personName.parse(given)).toBe(kept);
  });

  it.each(["", "   ", "\u200b\u200f", "x".repeat(41)])("is not %j", (given) => {
    expect(personName.safeParse(given).success).toBe(false);
  });
});

describe("a person's colour", () => {
  it("is one of eight, the same each time, and each is used", () => {
    const colours = Array.from({ length: 60 }, (_, index) => colourOf(`guest_${index}`));
    expect(new Set(colours)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
    // Ids that differ in one letter, too.
    expect(new Set(colours.slice(0, 8)).size).toBeGreaterThan(3);
    expect(colourOf("guest_ada")).toBe(colourOf("guest_ada"));
  });
});
