// Places and claims: what is written is read again, and what nobody has written is not taken for one.
import { expect, test } from "vitest";
import { claimIn, placeIn, writtenClaim, writtenPlace } from "./place.ts";

test("what is written is read again", () => {
  for (const place of [
    { epoch: "e", offset: 41, id: "x" },
    { epoch: "", offset: 0, id: null },
    { epoch: "e", offset: 41, id: "x", told: 100 },
  ])
    expect(placeIn(writtenPlace(place))).toEqual(place);
  const claim = { holder: "h", turn: 3, isHeld: false };
  expect(claimIn(writtenClaim(claim))).toEqual(claim);
});

test.for([
  "",
  "null",
  "41",
  "[]",
  '{"epoch":"e"}',
  '{"epoch":"e","offset":"4"}',
  '{"epoch":1,"offset":4}',
  '{"epoch":"e","offset":4,"told":"5"}',
  "\u0000{",
])("%j is neither", (text) => {
  expect(() => placeIn(Buffer.from(text))).toThrow(`expected a place, got ${text}`);
  expect(() => claimIn(Buffer.from(text))).toThrow(`expected a claim, got ${text}`);
});
