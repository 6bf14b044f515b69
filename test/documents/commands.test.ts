// Commands in the documents that write a file write what they say: npm announces a script on the same output.
import { expect, test } from "vitest";
import { documents, textOf } from "./blocks.ts";

test("npm is silent where its output goes to a file", () => {
  const commands = documents().flatMap((document) => [...textOf(document).matchAll(/npm run[^`\n]*[^-=\s] > \S+/g)]);
  expect(commands.length).toBeGreaterThan(1);
  for (const [command] of commands) expect(command).toContain("npm run --silent ");
});
