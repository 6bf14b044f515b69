// What command lines ask for, and which are refused.
import { expect, test } from "vitest";
import { wishOf } from "./arguments.ts";
import { Refusal } from "./refusal.ts";

test("a folder, and a template in every way that options are written", () => {
  expect(wishOf(["my-app"])).toEqual({ kind: "project", folder: "my-app", template: null });
  const react = { kind: "project", folder: "my-app", template: "react" };
  expect(wishOf(["my-app", "--template", "react"])).toEqual(react);
  expect(wishOf(["--template=react", "my-app"])).toEqual(react);
  expect(wishOf(["-t", "react", "my-app"])).toEqual(react);
  expect(wishOf(["a=b"])).toEqual({ kind: "project", folder: "a=b", template: null });
});

test("help and version want nothing else", () => {
  expect(wishOf(["--help"])).toEqual({ kind: "help" });
  expect(wishOf(["my-app", "-h"])).toEqual({ kind: "help" });
  expect(wishOf(["-v"])).toEqual({ kind: "version" });
});

test.each([
  [[], 'expected a folder, as in "npm create tidewire my-app"; got none'],
  [["my-app", "react"], 'expected one folder, and "--" before options; got "my-app", "react"'],
  [["my-app", "--template", "vue"], 'expected a template: node, express, react; got "vue"'],
  [["my-app", "--template"], 'expected a template: node, express, react; got ""'],
  [["my-app", "--template=toString"], 'expected a template: node, express, react; got "toString"'],
  [["my-app", "--force"], 'expected --template, --help or --version; got "--force"'],
])("%j is refused", (args, message) => {
  expect(() => wishOf(args)).toThrow(new Refusal(message));
});
