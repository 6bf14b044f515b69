// The check of GUARANTEES.md finds what it is there to find.
import { describe, expect, test } from "vitest";
import { checkGuarantees, testsIn } from "./guarantees.ts";

const source = `
import { it as other, test } from "vitest";
describe("a group", () => {
  it("holds", () => {});
  it.each([1, 2])("holds %d", () => {});
  test(\`holds too\`, { timeout: 1 }, async () => {});
  it.skip("rests", () => {});
  test.todo("comes");
  expect("no test");
});`;

const good = `# G
## How to read this page
Free. Of notes.
## Promises
- **A** It holds.[^one] And more, \`a.b\`,[^two] of it.[^two]
| event | promise |
|---|---|
| this. | that[^one] |
## What is not promised
Nothing.

[^one]: [a.test.ts](x/a.test.ts): holds
[^two]: [a.test.ts](x/a.test.ts): holds %d
`;

const read = (file: string): string | null => (file === "x/a.test.ts" ? source : null);

test("tests are found by their titles, whatever their kind; skipped ones are none", () => {
  expect(testsIn("a.test.ts", source)).toEqual(new Set(["holds", "holds %d", "holds too"]));
});

describe("checkGuarantees", () => {
  test("is content when every sentence and cell has a test", () => {
    expect(checkGuarantees(good, read)).toEqual([]);
  });

  test.each([
    ["a sentence without one", "It holds.[^one]", "It holds.", "no test is named for: - **A** It holds."],
    ["a last sentence without one", "of it.[^two]", "of it.", "no test is named for: b`,[^two] of it."],
    ["a cell without one", "that[^one]", "that", "no test is named for: that"],
    ["a note that nobody defined", "It holds.[^one]", "It holds.[^three]", "[^three] is not defined"],
    ["a title that is gone", "holds %d\n", "holds %i\n", '[^two]: x/a.test.ts has no test "holds %i"'],
    ["a skipped test", ": holds\n", ": rests\n", '[^one]: x/a.test.ts has no test "rests"'],
    ["a file that is gone", "(x/a.test.ts): holds\n", "(x/b.test.ts): holds\n", "[^one]: there is no x/b.test.ts"],
    ["a note that is not used", "## What", "[^four]: [a](x/a.test.ts): holds\n## What", "[^four] is not used"],
  ])("names %s", (_what, from, ...[to, problem]) => {
    expect(good).toContain(from);
    expect(checkGuarantees(good.replace(from, to), read)).toContain(problem);
  });
});
