// The built page over a real HTTP server: caching, compression, addresses, and nothing outside of its folder.
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readBuiltPage } from "./built-page.ts";
import { setSecurityHeaders } from "./security-headers.ts";

const script = `export const text = "${"harbor ".repeat(50)}";`;

let folder: string;
let server: Server;
let base = "";

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "harbor-page-"));
  const page = path.join(folder, "dist");
  mkdirSync(path.join(page, "assets"), { recursive: true });
  writeFileSync(path.join(folder, "secret.txt"), "not for the page");
  writeFileSync(path.join(page, "index.html"), "<!doctype html>");
  writeFileSync(path.join(page, "assets/index-abc.js"), script);
  writeFileSync(path.join(page, "assets/index-abc.js.gz"), gzipSync(script));
  const answer = readBuiltPage(page);
  server = createServer((request, response) => {
    setSecurityHeaders(response, true);
    answer?.(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

describe("the built page", () => {
  it("is asked for each time, and its assets never again", async () => {
    const index = await fetch(`${base}/`);
    expect(index.headers.get("cache-control")).toBe("no-cache");
    const asset = await fetch(`${base}/assets/index-abc.js`);
    expect(asset.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    const again = await fetch(`${base}/`, { headers: { "if-none-match": index.headers.get("etag") ?? "" } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
  });

  it("is sent small to whoever takes that, and as it is to others", async () => {
    const coded = async (accept: string): Promise<(string | null)[]> => {
      const response = await fetch(`${base}/assets/index-abc.js`, { headers: { "accept-encoding": accept } });
      return [response.headers.get("content-encoding"), await response.text()];
    };
    expect(await coded("gzip, br")).toEqual(["gzip", script]);
    expect(await coded("identity")).toEqual([null, script]);
    expect(await coded("gzip;q=0")).toEqual([null, script]);
  });

  it.each([
    "/",
    "/chat",
    "/chat/harbour",
    "/live",
    "/market",
    "/analytics",
    "/mail",
    "/lab",
    "/seat/2",
    "/seat/2/chat/harbour",
  ])("answers at %s", async (address) => {
    const response = await fetch(base + address);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  });

  it("says of other addresses that there is nothing, to people with the page and to tools in words", async () => {
    expect((await fetch(`${base}/nowhere`, { headers: { accept: "text/html" } })).status).toBe(404);
    const tool = await fetch(`${base}/api`);
    expect([tool.status, tool.headers.get("content-type")]).toEqual([404, "text/plain; charset=utf-8"]);
    expect((await fetch(`${base}/`, { method: "POST" })).status).toBe(405);
  });

  it.each(["/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/%", "//secret.txt"])(
    "has nothing at %s",
    async (address) => {
      const { hostname, port } = new URL(base);
      const { request } = await import("node:http");
      const asked = request({ hostname, port, path: address }).end();
      const [response] = (await once(asked, "response")) as [import("node:http").IncomingMessage];
      response.resume();
      expect(response.statusCode).toBe(404);
    },
  );

  it("lets the browser run and load nothing but its own", async () => {
    const policy = (await fetch(`${base}/`)).headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  });
});
