// The OpenAPI document of the server API, made of the table of its methods.
import { type ApiMethod, apiMethods } from "./methods.ts";
import { type JsonSchema, list, map, object, toggle } from "./schema.ts";

/** `batch` asks the others. */
export const batchMethod: Omit<ApiMethod, "act"> = {
  about: "Several commands in one request; each has a reply of its own, in their order.",
  parameters: {
    "commands!": list(
      map(map({}, "Parameters."), "A method's parameters under its name.", { maxProperties: 1 }),
      "The commands.",
      {
        maxItems: 100,
      },
    ),
    parallel: toggle("All at once, in the place of one after the other."),
    by_channel: toggle(
      "Those that name one channel go one after the other in any case, and after one that is refused the others of its channel are refused.",
    ),
  },
  result: list(map({}, "A result under its method's name, or an error under error."), "In the order of the commands."),
  example: { commands: [{ publish: { channel: "public:hello", data: 1 } }, { info: {} }] },
};

export function openApi(): object {
  const paths = Object.entries(apiMethods).map(([name, method]) => {
    return [`/${name}`, operationOf(name, method, { result: method.result })] as const;
  });
  const batch = operationOf("batch", batchMethod, { replies: batchMethod.result });
  return {
    openapi: "3.1.0",
    info: {
      title: "Tidewire server API",
      version: "1",
      description:
        "What a backend may ask. Method names, bodies and answers are those of Centrifugo's HTTP API, so that its libraries work.",
    },
    // From where this document stands, so that a prefix does no harm.
    servers: [{ url: "." }],
    security: [{ key: [] }, { authorization: [] }],
    paths: { ...Object.fromEntries(paths), "/batch": batch },
    components,
  };
}

const components: object = {
  securitySchemes: {
    key: { type: "apiKey", in: "header", name: "X-API-Key" },
    authorization: { type: "apiKey", in: "header", name: "Authorization", description: '"apikey", a space, the key' },
  },
  schemas: {
    Error: object(
      { "code!": { type: "integer" }, "message!": { type: "string" } },
      "Why it was not done; the codes are the client protocol's.",
    ),
    Member: object(
      { "user!": { type: "string" }, "client!": { type: "string" }, conn_info: {}, chan_info: {} },
      "Somebody who is connected.",
    ),
  },
};

const refused = { error: { $ref: "#/components/schemas/Error" } };

function operationOf(
  name: string,
  method: Omit<ApiMethod, "act">,
  answer: Readonly<Record<string, JsonSchema>>,
): object {
  const { about, parameters, example } = method;
  const [field = "result"] = Object.keys(answer);
  const done = object(Object.fromEntries(Object.entries(answer).map(([key, schema]) => [`${key}!`, schema])));
  const said = { oneOf: [done, object({ "error!": refused.error })] };
  return {
    post: {
      operationId: name,
      summary: about,
      requestBody: { required: true, content: json(object(parameters), example) },
      responses: {
        200: { description: `What was done, in ${field}, or why it was not, in error.`, content: json(said) },
        400: { description: "The body is no JSON object.", content: json(object(refused)) },
        401: { description: "The key is missing or wrong.", content: json(object(refused)) },
        413: { description: "The body is too large.", content: json(object(refused)) },
      },
    },
  };
}

function json(schema: JsonSchema, example?: object): object {
  return { "application/json": { schema, ...(example !== undefined && { example }) } };
}
