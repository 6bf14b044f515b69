// The names that settings have in the environment, and those that look like one and are none.
import type { AnyField } from "./field.ts";
import { nearest } from "./nearest.ts";
import { envOf, fieldsOf } from "./read.ts";
import { table } from "./table.ts";

export function envNames(): readonly string[] {
  return ["TIDEWIRE_CONFIG", ...namesIn(table, "")];
}

function namesIn(field: AnyField, place: string): readonly string[] {
  if (field.kind === "list") return [envOf(place, {})];
  if (field.kind === "leaf") {
    const name = envOf(place, field);
    return field.secret === undefined ? [name] : [name, `${name}_FILE`];
  }
  return fieldsOf(field).flatMap(([name, each]) => namesIn(each, place === "" ? name : `${place}.${name}`));
}

/** A sentence for each of `given` that begins like a setting of ours: other programs of the same family have some too. */
export function strangeNames(given: readonly string[]): readonly string[] {
  const known = envNames();
  return given
    .filter((name) => name.startsWith("TIDEWIRE_") && !known.includes(name))
    .map((name) => {
      const near = nearest(name, known);
      return `${name} is no setting of the server${near === null ? "" : `; is it ${near}?`}`;
    });
}
