// Names that npm takes, and names that it does not.
import { expect, test } from "vitest";
import { projectName } from "./project-name.ts";
import { Refusal } from "./refusal.ts";

test.each(["my-app", "a", "2048", "chat_2.0", "a".repeat(214)])("%s is taken", (name) => {
  expect(projectName(name)).toBe(name);
});

test.each([
  "",
  "My-App",
  "my app",
  ".hidden",
  "_private",
  "-rf",
  "@scope/name",
  "naïve",
  "app\n",
  "node_modules",
  "favicon.ico",
  "a".repeat(215),
])("%j is refused, and named", (name) => {
  expect(() => projectName(name)).toThrow(Refusal);
  expect(() => projectName(name)).toThrow(`got "${name}"`);
});
