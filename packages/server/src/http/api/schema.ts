// Words for the bodies of the server API, as JSON Schema; the OpenAPI document and its page are made of them.

export type JsonSchema = Readonly<Record<string, unknown>>;

export function text(description: string, more: JsonSchema = {}): JsonSchema {
  return { type: "string", ...more, description };
}

export function whole(description: string, more: JsonSchema = {}): JsonSchema {
  return { type: "integer", ...more, description };
}

export function toggle(description: string): JsonSchema {
  return { type: "boolean", description };
}

/** Any JSON. */
export function anything(description: string): JsonSchema {
  return { description };
}

export function list(items: JsonSchema, description: string, more: JsonSchema = {}): JsonSchema {
  return { type: "array", items, ...more, description };
}

/** Values by names that are not known beforehand. */
export function map(values: JsonSchema, description: string, more: JsonSchema = {}): JsonSchema {
  return { type: "object", additionalProperties: values, ...more, description };
}

export type Properties = Readonly<Record<string, JsonSchema>>;

/** Names with a `!` have to be there. */
export function object(properties: Properties, description?: string): JsonSchema {
  const names = Object.keys(properties);
  const required = names.filter((name) => name.endsWith("!")).map(bare);
  return {
    type: "object",
    properties: Object.fromEntries(names.map((name) => [bare(name), properties[name]])),
    ...(required.length > 0 && { required }),
    ...(description !== undefined && { description }),
  };
}

const bare = (name: string): string => name.replace(/!$/, "");
