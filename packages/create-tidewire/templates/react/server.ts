// The server: the page as `npm run build` has left it, and Tidewire.
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { listen } from "./tide.ts";

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

interface BuiltFile {
  readonly type: string;
  readonly content: Buffer;
}

/** Every file of the built page by its path, in memory: nothing else of this folder can be asked for. */
async function readPage(folder: string): Promise<ReadonlyMap<string, BuiltFile>> {
  const page = new Map<string, BuiltFile>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(folder, file).split(path.sep).join("/");
    const type = types[path.extname(file)] ?? "application/octet-stream";
    page.set(name === "index.html" ? "/" : `/${name}`, { type, content: await readFile(file) });
  }
  return page;
}

const page = await readPage(path.join(import.meta.dirname, "dist")).catch((error: unknown) => {
  throw new Error("there is no page in dist: npm run build makes it, npm run dev does without", { cause: error });
});

listen(
  createServer((request, response) => {
    const file = page.get(request.url?.split("?")[0] ?? "/");
    if (file !== undefined) response.setHeader("content-type", file.type).end(file.content);
    else response.writeHead(404).end("Nothing here.\n");
  }),
);
