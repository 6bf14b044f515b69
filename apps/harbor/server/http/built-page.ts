// The built page: read once into memory, so that what is served belongs to one build, then served with its caching.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import path from "node:path";
import { answerText } from "./answer.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};

type Coding = "identity" | "br" | "gzip";

interface PageFile {
  readonly type: string;
  readonly etag: string;
  readonly cacheControl: string;
  readonly bodies: ReadonlyMap<Coding, Buffer>;
}

/** Answers requests for files and pages. */
export type BuiltPage = (request: IncomingMessage, response: ServerResponse) => void;

/** `null` when the page was not built. */
export function readBuiltPage(folder: string): BuiltPage | null {
  const files = readFiles(folder);
  const index = files.get("/index.html");
  if (index === undefined) return null;
  return (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      return answerText(response, 405, "Here one can only GET.");
    }
    const wanted = pathOf(request);
    const file = files.get(wanted);
    if (file !== undefined) return send(file, request, response);
    // What is no address of the page is told so by the page, to those who look at it; tools get a plain answer.
    const isLookedAt = request.headers.accept?.includes("text/html") === true;
    if (isPageAddress(wanted)) return send(index, request, response);
    if (isLookedAt) return send(index, request, response, 404);
    return answerText(response, 404, "There is nothing here.");
  };
}

/** The addresses that the page itself makes sense of; see web/inside.tsx. */
function isPageAddress(wanted: string): boolean {
  return /^(\/seat\/[2-9])?(\/|\/chat(\/[^/]+)?|\/live|\/market|\/analytics|\/lab|\/mail)?$/.test(wanted);
}

// oxlint-disable-next-line max-params -- a request, its response, and what to answer
function send(file: PageFile, request: IncomingMessage, response: ServerResponse, status = 200): void {
  response.setHeader("ETag", file.etag);
  response.setHeader("Cache-Control", file.cacheControl);
  response.setHeader("Vary", "Accept-Encoding");
  if (request.headers["if-none-match"]?.includes(file.etag) === true) {
    response.writeHead(304).end();
    return;
  }
  const coding = bestCoding(String(request.headers["accept-encoding"] ?? ""), file);
  const body = file.bodies.get(coding) ?? Buffer.alloc(0);
  if (coding !== "identity") response.setHeader("Content-Encoding", coding);
  response.writeHead(status, { "Content-Type": file.type, "Content-Length": body.length });
  response.end(request.method === "HEAD" ? undefined : body);
}

function bestCoding(accepted: string, file: PageFile): Coding {
  const offered = accepted.split(",").map((part) => part.trim().toLowerCase());
  const takes = (coding: Coding): boolean =>
    file.bodies.has(coding) &&
    offered.some((part) => part === coding || (part.startsWith(`${coding};`) && !/;\s*q=0(\.0+)?$/.test(part)));
  return takes("br") ? "br" : takes("gzip") ? "gzip" : "identity";
}

function pathOf(request: IncomingMessage): string {
  try {
    return decodeURIComponent((request.url ?? "/").split("?", 1)[0] ?? "/");
  } catch {
    // Not a file's name, whatever it is.
    return "/%";
  }
}

function readFiles(folder: string): Map<string, PageFile> {
  const files = new Map<string, PageFile>();
  if (!existsSync(folder)) return files;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = types[path.extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const file = path.join(entry.parentPath, entry.name);
    const name = `/${path.relative(folder, file).split(path.sep).join("/")}`;
    files.set(name, readPageFile(file, name, type));
  }
  return files;
}

function readPageFile(file: string, name: string, type: string): PageFile {
  const plain = readFileSync(file);
  const bodies = new Map<Coding, Buffer>([["identity", plain]]);
  // Written beside the file by the build.
  if (existsSync(`${file}.br`)) bodies.set("br", readFileSync(`${file}.br`));
  if (existsSync(`${file}.gz`)) bodies.set("gzip", readFileSync(`${file}.gz`));
  return {
    type,
    etag: `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`,
    // Names under /assets carry a hash of their content.
    cacheControl: name.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
    bodies,
  };
}
