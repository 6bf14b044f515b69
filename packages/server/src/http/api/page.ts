// The page of the server API: its methods as HTML, made of their table, without a script or anything from elsewhere.
import { createHash } from "node:crypto";
import { type ApiMethod, apiMethods } from "./methods.ts";
import { batchMethod } from "./openapi.ts";
import type { JsonSchema } from "./schema.ts";
import { style } from "./page-style.ts";

/** For the header that lets the page do nothing but look as it does. */
export const pagePolicy: string = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

type Shown = Omit<ApiMethod, "act">;

export function apiPage(): string {
  const methods: readonly (readonly [string, Shown])[] = [...Object.entries(apiMethods), ["batch", batchMethod]];
  const links = methods.map(([name]) => `<li><a href="#${name}">${name}</a></li>`).join("");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Tidewire server API</title>
<style>${style}</style>
</head>
<body>
<nav aria-label="Methods"><a class="name" href="#top">Server API</a><ul>${links}</ul></nav>
<main id="top">
<h1>Server API</h1>
<p>A backend asks by <code>POST</code> with a JSON object, and shows its key in <code>X-API-Key</code>, or as
<code>Authorization: apikey …</code>. The answer has status 200 and <code>result</code>, or <code>error</code> with a code and a
message. Method names, bodies and answers are those of Centrifugo's HTTP API, so that its libraries work. The same for machines:
<a href="openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
${methods.map(([name, method]) => section(name, method)).join("\n")}
</main>
</body>
</html>
`;
}

function section(name: string, { about, parameters, result, example }: Shown): string {
  const rows = Object.entries(parameters).map(([key, schema]) => row(key, schema));
  const takes = rows.length === 0 ? "<p>It takes nothing.</p>" : table("Parameters", rows);
  return `<section id="${name}">
<h2><a href="#${name}">${name}</a></h2>
<p>${escaped(about)}</p>
<pre tabindex="0"><code>${escaped(command(name, example))}</code></pre>
${takes}
${answer(result)}
</section>`;
}

function command(name: string, example: object): string {
  return `curl -H "X-API-Key: $KEY" localhost:8080/api/${name} \\\n  -d '${JSON.stringify(example)}'`;
}

function answer(result: JsonSchema): string {
  const properties = (result["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const required = (result["required"] ?? []) as readonly string[];
  const rows = Object.entries(properties).map(([key, schema]) => row(required.includes(key) ? `${key}!` : key, schema));
  if (rows.length > 0) return table("Result", rows);
  const about = textIn(result, "description");
  return `<p>${about === "Empty." ? "The result is empty." : escaped(about)}</p>`;
}

function table(caption: string, rows: readonly string[]): string {
  return `<dl aria-label="${caption}"><dt class="caption">${caption}</dt>${rows.join("")}</dl>`;
}

function row(key: string, schema: JsonSchema): string {
  const isRequired = key.endsWith("!");
  const kind = `<span class="kind">${escaped(kindOf(schema))}${isRequired ? "" : ", may be left out"}</span>`;
  return `<dt><code>${escaped(key.replace(/!$/, ""))}</code> ${kind}</dt><dd>${escaped(aboutOf(schema))}</dd>`;
}

function aboutOf({ description, properties }: JsonSchema): string {
  const own = typeof description === "string" ? description : "";
  if (properties === undefined) return own;
  const inner = Object.entries(properties as Readonly<Record<string, JsonSchema>>).map(([key, schema]) => {
    const about = textIn(schema, "description");
    return about === "" ? key : `${key}: ${about}`;
  });
  return `${own} ${inner.join(" ")}`.trim();
}

function kindOf(schema: JsonSchema): string {
  if (schema["$ref"] !== undefined) return "object";
  if (schema["type"] === "array") return `list of ${kindOf((schema["items"] ?? {}) as JsonSchema)}`;
  return textIn(schema, "type") || "any JSON";
}

function textIn(schema: JsonSchema, name: string): string {
  const value = schema[name];
  return typeof value === "string" ? value : "";
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
