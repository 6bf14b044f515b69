// What the command line asks for.
import { Refusal } from "./refusal.ts";
import { type Template, templateOf } from "./template.ts";

export type Wish =
  | { readonly kind: "help" | "version" }
  /** Without a template: nobody said which. */
  | { readonly kind: "project"; readonly folder: string; readonly template: Template | null };

/** @throws {Refusal} */
export function wishOf(args: readonly string[]): Wish {
  const folders: string[] = [];
  let template: Template | null = null;
  const left = [...args];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const [option = "", value] = splitAt(word, "=");
    if (option === "--help" || option === "-h") return { kind: "help" };
    if (option === "--version" || option === "-v") return { kind: "version" };
    if (option === "--template" || option === "-t") template = templateOf(value ?? left.shift() ?? "");
    else if (word.startsWith("-")) throw new Refusal(`expected --template, --help or --version; got "${word}"`);
    else folders.push(word);
  }
  const [folder, ...others] = folders;
  if (folder === undefined) throw new Refusal('expected a folder, as in "npm create tidewire my-app"; got none');
  // npm keeps options for itself that stand before "--", and hands on what stood behind them.
  if (others.length > 0)
    throw new Refusal(
      `expected one folder, and "--" before options; got ${folders.map((each) => `"${each}"`).join(", ")}`,
    );
  return { kind: "project", folder, template };
}

/** Before and behind the first `separator` of an option; all of it, where it has none. */
function splitAt(word: string, separator: string): readonly string[] {
  const index = word.startsWith("-") ? word.indexOf(separator) : -1;
  return index < 0 ? [word] : [word.slice(0, index), word.slice(index + 1)];
}
