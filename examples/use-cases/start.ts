// Builds the page of one example, serves it, and starts its server: `npm run example -- scoreboard`.
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { Tidewire } from "@tidewire/server";
import { build, defaultClientConditions } from "vite";
import { openPlace, type Place } from "./place.ts";

/** The examples, and who has a page with more on it. */
const staff: Readonly<Record<string, string | null>> = {
  scoreboard: "operator",
  news: "editor",
  cursors: null,
  notes: null,
  support: "agent",
  webinar: "presenter",
};

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript",
  css: "text/css",
};

const [name = ""] = process.argv.slice(2);
if (!Object.hasOwn(staff, name)) {
  console.error(`expected one of ${Object.keys(staff).join(", ")}, payments; got "${name}"`);
  process.exit(1);
}

/** A page as its visitors get it, by paths. In memory: nothing to clean up, and a page survives its server's restart. */
async function buildPage(root: string): Promise<ReadonlyMap<string, string | Uint8Array>> {
  process.env["NODE_ENV"] = "production";
  const built = await build({
    root,
    configFile: false,
    // What goes wrong is thrown; React's "use client" in a page is no news.
    logLevel: "error",
    resolve: { conditions: ["@tidewire/source", ...defaultClientConditions] },
    build: { write: false, modulePreload: false },
  });
  if (!("output" in built)) throw new Error("expected one build");
  return new Map(built.output.map((file) => [`/${file.fileName}`, file.type === "chunk" ? file.code : file.source]));
}

const page = await buildPage(path.join(import.meta.dirname, name));

function answer(response: ServerResponse, file: string): void {
  const body = page.get(file);
  if (body === undefined) return void response.writeHead(404).end("Nothing here.\n");
  response.setHeader("content-type", types[path.extname(file).slice(1)] ?? "application/octet-stream").end(body);
}

const routes = new Map<string, () => Promise<unknown>>();
const server = createServer((request, response) => {
  const [asked = "/"] = (request.url ?? "/").split("?");
  const route = routes.get(asked);
  if (route === undefined) return answer(response, asked === "/" ? "/index.html" : asked);
  route().then(
    (value) => response.setHeader("content-type", "application/json").end(JSON.stringify(value)),
    (thrown: unknown) => {
      console.error(thrown);
      response.writeHead(503).end();
    },
  );
});

const { place, key } = openPlace(path.join(process.env["TIDEWIRE_DATA"] ?? "data", "examples", name));
const example = (await import(`./${name}/server.ts`)) as {
  readonly serve: (server: Server, place: Place) => Tidewire | Promise<Tidewire>;
};
// Before it listens: an EventSource that is answered with 404 never comes back.
const tide = await example.serve(server, { ...place, routes });
server.listen(Number(process.env["PORT"] ?? 3000), "localhost");
await once(server, "listening").catch((error: Error) => {
  console.error(`${error.message}: choose another PORT`);
  process.exit(1);
});

const home = `http://localhost:${(server.address() as AddressInfo).port}/`;
console.log(`  ${name.padEnd(12)}${home}`);
if (staff[name]) console.log(`  ${staff[name].padEnd(12)}${home}#${key}`);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    server.close();
    tide.stop({ drainMs: 200 }).then(
      () => process.exit(0),
      (thrown: unknown) => {
        console.error(thrown);
        process.exit(1);
      },
    );
  });
}
