// Planting: a bug is put into a module while it is loaded, so that nothing in the product knows of it.
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";
import { type PlantedBug, plantedBugs } from "./bugs.ts";
import { outsiderBugs } from "./outsider-bugs.ts";

const packages = path.join(import.meta.dirname, "..", "..", "packages");

export const allBugs: readonly PlantedBug[] = [...plantedBugs, ...outsiderBugs];

/** @throws {RangeError} for a name that is not in the list. */
export function bugOf(name: string): PlantedBug {
  const bug = allBugs.find((planted) => planted.name === name);
  if (bug !== undefined) return bug;
  throw new RangeError(`expected one of ${allBugs.map((planted) => planted.name).join(", ")}; got "${name}"`);
}

/** The module's source with the bug in it. @throws {Error} when the place is not there, or more than once. */
export function spoil(source: string, { name, file, find, replace }: PlantedBug): string {
  const times = source.split(find).length - 1;
  if (times === 1) return source.replace(find, () => replace);
  throw new Error(`"${name}": expected its place once in ${file}, found it ${times} times`);
}

export function urlOf({ file }: PlantedBug): string {
  return pathToFileURL(path.join(packages, file)).href;
}

/** Whatever is imported from now on has the bug. */
export function plant(bug: PlantedBug): void {
  const url = urlOf(bug);
  registerHooks({
    load(loading, context, nextLoad) {
      const loaded = nextLoad(loading, context);
      if (loading !== url) return loaded;
      const source = typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source);
      return { ...loaded, source: spoil(source, bug) };
    },
  });
}
