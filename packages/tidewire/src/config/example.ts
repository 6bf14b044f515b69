// An example of the configuration file, made of the table: every setting with its meaning, what is not set as a comment.
import type { AnyField, Group } from "./field.ts";
import { envOf, fieldsOf, keyOf } from "./read.ts";
import { describe } from "./schema.ts";
import { table } from "./table.ts";

export function configExample(): string {
  const head = "// Every setting of the Tidewire server with its default; what has none stands in a comment.\n";
  return `${head}${written(table as Group<unknown>, "", "")}\n`;
}

function written(group: Group<unknown>, place: string, indent: string): string {
  const inner = `${indent}  `;
  const lines = fieldsOf(group).map(([name, field]) => entry(keyOf(name, field), field, { place, name, inner }));
  return `{\n${lines.join("\n")}\n${indent}}`;
}

interface Spot {
  readonly place: string;
  readonly name: string;
  readonly inner: string;
}

function entry(key: string, field: AnyField, { place, name, inner }: Spot): string {
  const here = place === "" ? name : `${place}.${name}`;
  if (field.kind === "group") {
    return `${inner}// ${field.about}\n${inner}${JSON.stringify(key)}: ${written(field, here, inner)},`;
  }
  if (field.kind === "list") return list(key, field, { place: here, name, inner });
  const isSet = field.fallback !== null;
  const value = `${isSet ? "" : "// "}${JSON.stringify(key)}: ${JSON.stringify(field.example)},`;
  return `${inner}// ${describe(field, here)}\n${inner}${value}`;
}

/** What its items may say, each in a comment, and some items. */
function list(key: string, field: Extract<AnyField, { kind: "list" }>, { place, inner }: Spot): string {
  const may = fieldsOf(field.item).map(([name, each]) => `${inner}//   ${keyOf(name, each)}: ${each.about}`);
  const items = field.example.map((item) => `${inner}  ${JSON.stringify(item)},`);
  const about = [`${inner}// ${field.about} Environment: ${envOf(place, {})}, as JSON.`, ...may].join("\n");
  if (items.length === 0) return `${about}\n${inner}${JSON.stringify(key)}: [],`;
  return `${about}\n${inner}${JSON.stringify(key)}: [\n${items.join("\n")}\n${inner}],`;
}
