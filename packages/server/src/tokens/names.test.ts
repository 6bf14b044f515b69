// Channel names as Centrifuge users know them: private ones, and those that list their users.
import { describe, expect, it } from "vitest";
import { isKeptOut, isPrivate, listedUsers } from "./names.ts";

describe("a channel's name", () => {
  it.each([
    ["$orders", true],
    ["ns:$orders", true],
    ["$ns:orders", true],
    ["ns:or$ders", false],
    ["ns:a:$b", false],
    ["news", false],
    ["", false],
  ])("%s is private: %j", (name, expected) => {
    expect(isPrivate(name)).toBe(expected);
  });

  it.each([
    ["news", null],
    ["ns:x#1,2", ["1", "2"]],
    ["#42", ["42"]],
    ["a#b#7", ["7"]],
    ["x#", [""]],
  ])("%s lists %j", (name, expected) => {
    expect(listedUsers(name)).toEqual(expected);
  });

  it.each([
    ["news", "", false],
    ["ns:x#1,2", "1", false],
    ["ns:x#1,2", "2", false],
    ["ns:x#1,2", "12", true],
    ["ns:x#1,2", "", true],
    ["x#", "", true],
    ["$x#1", "1", true],
  ])("%s keeps %j out: %j", (name, user, expected) => {
    expect(isKeptOut(name, user)).toBe(expected);
  });
});
