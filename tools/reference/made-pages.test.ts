// What the generator makes of sources that a test wrote: what is public, as it is written, and no more.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { referencePages } from "./pages.ts";

const packages = ["protocol", "client", "react", "jobs", "bridges", "webhooks", "server", "tidewire"];

/** The page of a door of `server` with these sources; `protocol` has a type of its own. */
function pageOf(sources: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(path.join(tmpdir(), "tidewire-reference-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const write = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  };
  for (const name of packages) {
    const exports = { ".": { "@tidewire/source": "./src/index.ts" } };
    write(`packages/${name}/package.json`, JSON.stringify({ name: `@tidewire/${name}`, description: name, exports }));
    write(`packages/${name}/src/index.ts`, `/** A place. */\nexport interface Position${name} {}\n`);
  }
  for (const [file, text] of Object.entries(sources)) write(`packages/server/src/${file}`, text);
  return referencePages(root).get("server.md") ?? "";
}

test("a function, with its types where they are described", () => {
  const page = pageOf({
    "index.ts": 'export { find } from "./find.ts";\n',
    "find.ts": `
import type { Positionprotocol } from "@tidewire/protocol";
export interface Inner { readonly place: Positionprotocol }
/**
 * Finds it. Then rests.
 * @param at Where.
 * @returns \`null\` for none.
 * @throws {TypeError} for nowhere.
 * @see PROTOCOL 1.2
 */
export async function find<T>(at: Inner, first: T): Promise<T | null> { return hidden(at); }
`,
  });
  expect(page).toContain("| [`find`](#find) | Finds it. |");
  expect(page).toContain(
    "```typescript\nfunction find<T>(at: Inner, first: T): Promise<T | null>;\n```\n\nFinds it. Then rests.",
  );
  expect(page).toContain("- `at`: Where.\n\n**Returns** `null` for none.\n\n**Throws** `TypeError` for nowhere.");
  expect(page).toContain("See [PROTOCOL 1.2](../../PROTOCOL.md).\n\nTypes: [`Inner`](#inner)\n");
  // One meets it, and cannot import it.
  expect(page).toContain("## Named above, and not exported");
  expect(page).toContain(
    "### Inner\n\n```typescript\ninterface Inner\n```\n\n- `readonly place: Positionprotocol`\n\n",
  );
  expect(page).toContain("Types: [`Positionprotocol`](protocol.md#positionprotocol)");
});

test("of a class what its users see", () => {
  const page = pageOf({
    "index.ts": `
/** A thing. */
export class Thing {
  /** How many. */
  count = 0;
  readonly #secret = 1;
  private other = 2;
  /** Begins. */
  constructor(size: number) { this.#secret; }
  async stop(): Promise<void> { return; }
  readonly open = (name: string): void => { use(name); };
}
`,
  });
  const lines = page.split("\n").filter((line) => line.startsWith("- ") || line.startsWith("  "));
  expect(lines).toEqual([
    "- `count = 0`",
    "  How many.",
    "- `constructor(size: number)`",
    "  Begins.",
    "- `stop(): Promise<void>`",
    "- `open(name: string): void`",
  ]);
});

test("a parameter is none of the types that have its name", () => {
  const page = pageOf({
    "index.ts": 'export type { Store } from "./store.ts";\n',
    "store.ts":
      "/** Kept. */\nexport class Value {}\n/** A store. */\nexport interface Store<Value> {\n  get(): Value;\n}\n",
  });
  expect(page).not.toContain("Types:");
  expect(page).not.toContain("Named above");
});

test("names that differ in case alone have anchors of their own", () => {
  const page = pageOf({
    "index.ts":
      "/** A. */\nexport class Engine {}\n/** B. */\nexport function engine(): Engine { return new Engine(); }\n",
  });
  expect(page).toContain("[`Engine`](#engine)");
  expect(page).toContain("[`engine`](#engine-1)");
});
