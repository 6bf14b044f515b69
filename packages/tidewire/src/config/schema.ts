// The JSON Schema of the configuration file, made of the table: what editors complete and check.
import type { AnyField, JsonSchema } from "./field.ts";
import { envOf, fieldsOf, keyOf } from "./read.ts";
import { table } from "./table.ts";

export function configSchema(): JsonSchema {
  const { properties, ...rest } = schemaOf(table, "") as { readonly properties: object };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Configuration of the Tidewire server",
    ...rest,
    properties: { $schema: { type: "string" }, ...properties },
  };
}

function schemaOf(field: AnyField, place: string, needed: readonly string[] = []): JsonSchema {
  if (field.kind === "list") {
    return { type: "array", description: field.about, items: schemaOf(field.item, `${place}[]`, field.required) };
  }
  if (field.kind === "leaf") return { ...field.schema, description: describe(field, place), ...defaultOf(field) };
  const inside = fieldsOf(field);
  const properties = inside.map(([name, each]) => {
    return [keyOf(name, each), schemaOf(each, place === "" ? name : `${place}.${name}`)] as const;
  });
  const required = inside.flatMap(([name, each]) => (needed.includes(name) ? [keyOf(name, each)] : []));
  return {
    type: "object",
    description: field.about,
    properties: Object.fromEntries(properties),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

type AnyLeaf = Extract<AnyField, { kind: "leaf" }>;

/** What it is for, and its other names. */
export function describe(leaf: AnyLeaf, place: string): string {
  return [leaf.about, ...namesOf(leaf, place)].join(" ");
}

function namesOf(leaf: AnyLeaf, place: string): readonly string[] {
  if (place.includes("[]")) return [];
  const env = envOf(place, leaf);
  const file = leaf.secret === undefined ? "" : `, or ${env}_FILE`;
  const flag = leaf.flag === undefined ? "" : `; flag --${leaf.flag.name}`;
  return [`Environment: ${env}${file}${flag}.`];
}

function defaultOf({ fallback, example }: AnyLeaf): JsonSchema {
  return fallback === null ? {} : { default: example };
}
