// Ids of events: every position has one, and what is none stands for no position that a channel has.
import fc from "fast-check";
import { expect, it } from "vitest";
import { idOf, positionOf } from "./event-id.ts";

it("an id says its position, whatever an engine calls its epochs", () => {
  const epochs = fc
    .string({ unit: "binary", minLength: 1 })
    .map((text) => text.toWellFormed())
    .filter((text) => text !== "");
  fc.assert(
    fc.property(epochs, fc.nat(), (epoch, offset) => {
      const id = idOf({ epoch, offset });
      expect(id).toMatch(/^[\x21-\x7e]+$/);
      expect(positionOf(id)).toEqual({ epoch, offset });
    }),
  );
});

it.each([
  "",
  ":",
  "e",
  "e:",
  ":5",
  "e:x",
  "e:-1",
  "e:1.5",
  "e:1e3",
  "e: 1",
  "e:5:6",
  "%:1",
  "e:9999999999999999",
  "é\0:1",
])("%j is nobody's position", (id) => {
  const { epoch, offset } = positionOf(id);
  // An empty epoch would stand for the present one.
  if (id !== "é\0:1") expect([epoch, offset]).toEqual(["\0", 0]);
  expect(Number.isSafeInteger(offset)).toBe(true);
  expect(epoch).not.toBe("");
});
