// The OpenAPI document of the server API: what it says of a method's answer is what that method answers, field by field.
import { beforeEach, describe, expect, test } from "vitest";
import { clientOf, listening } from "./centrifuge-client.ts";
import { lobby, open, serve, type Served } from "./serving.ts";

type Schema = Readonly<Record<string, unknown>>;

interface Document {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, { readonly post: Operation }>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Content {
  readonly content: { readonly "application/json": { readonly schema: Schema; readonly example?: object } };
}

interface Operation {
  readonly requestBody: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

const apiKey = "a key of the server API";

let served: Served;
let document: Document;

beforeEach(async () => {
  served = await serve({
    channels: [lobby, open],
    apiKey,
    access: { connect: () => ({ user: "42", info: { name: "Ann" } }) },
  });
  // Nobody needs the key to read it.
  document = (await (await fetch(`${served.httpUrl}/api/openapi.json`)).json()) as Document;
});

async function ask(method: string, body: unknown): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(`${served.httpUrl}/api/${method}`, {
    method: "POST",
    headers: { "X-API-Key": apiKey },
    body: JSON.stringify(body),
  });
  return { status: response.status, answer: await response.json() };
}

/** What is wrong with `value`: also fields that the schema does not know. */
function problemsOf(schema: Schema, value: unknown, where: string): string[] {
  const { $ref, oneOf, type, properties, required, items, additionalProperties } = schema;
  if (typeof $ref === "string") {
    return problemsOf(
      document.components.schemas[$ref.split("/").at(-1) ?? ""] ?? { type: "no such schema" },
      value,
      where,
    );
  }
  if (Array.isArray(oneOf)) {
    const tries = (oneOf as Schema[]).map((each) => problemsOf(each, value, where));
    return tries.some((problems) => problems.length === 0) ? [] : tries.flat();
  }
  if (typeof type === "string" && type !== typeOf(value)) return [`${where}: expected ${type}, got ${typeOf(value)}`];
  if (type === "array") {
    return (value as unknown[]).flatMap((each, index) => problemsOf(items as Schema, each, `${where}[${index}]`));
  }
  if (type !== "object") return [];
  const known = (properties ?? {}) as Readonly<Record<string, Schema>>;
  const missing = ((required ?? []) as string[]).filter((name) => !Object.hasOwn(value as object, name));
  const inside = Object.entries(value as object).flatMap(([name, each]) => {
    const inner = known[name] ?? (additionalProperties as Schema | undefined);
    return inner === undefined
      ? [`${where}.${name}: is not in the document`]
      : problemsOf(inner, each, `${where}.${name}`);
  });
  return [...missing.map((name) => `${where}.${name}: is missing`), ...inside];
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

test("names the methods that there are, from where it stands", async () => {
  const { methods } = (await (await fetch(`${served.httpUrl}/api`)).json()) as { readonly methods: readonly string[] };
  expect(Object.keys(document.paths).map((path) => `POST /api${path}`)).toEqual(methods);
  expect([document.openapi, document.servers]).toEqual(["3.1.0", [{ url: "." }]]);
});

describe("every method", () => {
  test("takes its example, and answers as its schema says", async () => {
    const client = clientOf(served.socketUrl);
    client.connect();
    await client.ready();
    await listening(client, "public:hello");
    await client.publish("public:hello", { by: "somebody" });
    for (const [path, { post }] of Object.entries(document.paths)) {
      const { example, schema } = post.requestBody.content["application/json"];
      expect(problemsOf(schema, example, `${path}'s example`)).toEqual([]);
      // What ends the connection would leave nothing to show to the methods behind it.
      const { status, answer } = await ask(path.slice(1), path === "/disconnect" ? { user: "nobody" } : example);
      expect(answer, path).not.toHaveProperty("error");
      const said = post.responses[String(status)]?.content["application/json"].schema ?? {};
      expect(problemsOf(said, answer, path)).toEqual([]);
    }
  });

  test("says no as its schema says, whatever is asked", async () => {
    for (const [path, { post }] of Object.entries(document.paths)) {
      for (const body of [{ channel: 1, user: 1, channels: 1, pattern: 1, commands: 1, endpoint: 1 }, []]) {
        const { status, answer } = await ask(path.slice(1), body);
        const takesAnything = path === "/info" || path === "/webhooks";
        if (!takesAnything || status !== 200) expect(answer, path).toHaveProperty("error");
        const said = post.responses[String(status)]?.content["application/json"].schema ?? {};
        expect(problemsOf(said, answer, path)).toEqual([]);
      }
    }
  });
});

test("its checker sees what is wrong", () => {
  const schema = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };
  expect(problemsOf(schema, { b: 1 }, "x")).toEqual(["x.a: is missing", "x.b: is not in the document"]);
  expect(problemsOf(schema, { a: "1" }, "x")).toEqual(["x.a: expected integer, got string"]);
});
