// The name of a project: that of its folder, as far as npm takes it.
import { Refusal } from "./refusal.ts";

/** npm's own limit, in characters. */
const maxLength = 214;

// npm refuses these, whatever their letters.
const taken = new Set(["node_modules", "favicon.ico"]);

/**
 * The same name, when npm would take it for a new package.
 * @throws {Refusal}
 */
export function projectName(name: string): string {
  const isFine = /^[a-z0-9][a-z0-9._-]*$/.test(name) && name.length <= maxLength && !taken.has(name);
  if (!isFine)
    throw new Refusal(
      `expected a folder whose name npm takes: up to ${maxLength} of a-z, 0-9, "-", "_" and ".", the first a letter or a digit; got "${name}"`,
    );
  return name;
}
