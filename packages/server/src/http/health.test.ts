// What is answered to those who watch a process that has no server: over real HTTP, to everybody or to who has the key.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { createHealthRouter, type HealthRouterOptions } from "./health.ts";

const key = "tw_test_key";
const page = { type: "text/plain; version=0.0.4", text: "tidewire_jobs_store_up 1\n" };

interface Stage {
  /** Asks for a path, as `fetch` does. */
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>;
  /** What was logged. */
  readonly said: readonly unknown[];
}

/** A process that answers what is not ours with "another". */
async function serving(options: Partial<HealthRouterOptions> = {}): Promise<Stage> {
  const said: unknown[] = [];
  const ignore = (): void => undefined;
  const log = { debug: ignore, info: ignore, warn: ignore, error: (...line: unknown[]) => void said.push(line) };
  const router = createHealthRouter({
    isReady: () => true,
    page: () => Promise.resolve(page),
    apiKey: key,
    log,
    ...options,
  });
  const server = createServer((request, response) => {
    if (!router(request, response)) response.end("another");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { said, ask: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init) };
}

const withKey = (given: string): RequestInit => ({ headers: { "X-API-Key": given } });
const authorized = (Authorization: string): RequestInit => ({ headers: { Authorization } });

it("lives, and is ready while it says so, now or later", async () => {
  let isReady: HealthRouterOptions["isReady"] = () => true;
  const { ask, said } = await serving({ isReady: () => isReady() });
  const health = async (path: string): Promise<unknown> => {
    const response = await ask(path);
    return [response.status, await response.json()];
  };
  expect(await health("/health/ready?now")).toEqual([200, { status: "ready" }]);
  isReady = () => Promise.resolve(false);
  expect(await health("/health/ready")).toEqual([503, { status: "not ready" }]);
  expect(await health("/health/live")).toEqual([200, { status: "live" }]);
  isReady = () => Promise.reject(new Error("nobody knows"));
  expect(await health("/health/ready")).toEqual([500, { error: { code: 100, message: "internal server error" } }]);
  const reason = { path: "/health/ready", reason: "nobody knows" };
  expect(said).toEqual([["a request for health or figures failed", reason]]);
});

it("shows its figures to whoever has the key, in any of its forms", async () => {
  const { ask } = await serving();
  const tries: readonly (readonly [RequestInit, number])[] = [
    [{}, 401],
    [withKey("another"), 401],
    [withKey(`${key} `.repeat(2)), 401],
    [authorized("Bearer another"), 401],
    [authorized("Bearer"), 401],
    [authorized(`Basic ${key}`), 401],
    [withKey(key), 200],
    [authorized(`Bearer ${key}`), 200],
    [authorized(`bearer  ${key} `), 200],
    [authorized(`apikey ${key}`), 200],
  ];
  for (const [init, status] of tries) expect((await ask("/metrics", init)).status, JSON.stringify(init)).toBe(status);
  const refused = await ask("/metrics");
  const expected = "expected the API key, as X-API-Key or as a bearer token";
  expect(await refused.json()).toEqual({ error: { code: 101, message: expected } });
});

it("shows them to nobody where there is no key, but to whoever may read without", async () => {
  const { ask } = await serving({ apiKey: undefined });
  for (const init of [{}, withKey(""), withKey("undefined"), authorized("Bearer undefined")]) {
    expect((await ask("/metrics", init)).status).toBe(401);
  }
  const open = await serving({ apiKey: undefined, mayRead: (request) => request.headers["x-own"] === "yes" });
  expect((await open.ask("/metrics")).status).toBe(401);
  expect((await open.ask("/metrics", { headers: { "X-Own": "yes" } })).status).toBe(200);
});

it("sends them as they are, kept by nobody, and by GET or HEAD alone", async () => {
  const { ask } = await serving();
  const shown = await ask("/metrics", withKey(key));
  expect(await shown.text()).toBe(page.text);
  const { headers } = shown;
  const named = ["content-type", "content-length", "cache-control", "x-content-type-options"];
  expect(named.map((name) => headers.get(name))).toEqual([page.type, "25", "no-store", "nosniff"]);
  const head = await ask("/metrics", { ...withKey(key), method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  expect((await ask("/metrics", { ...withKey(key), method: "POST" })).status).toBe(405);
});

it("says that it failed where no page could be made, and no more than that", async () => {
  const { ask, said } = await serving({ page: () => Promise.reject(new Error("a secret")) });
  const response = await ask("/metrics", withKey(key));
  expect([response.status, await response.text()]).toEqual([500, expect.not.stringContaining("secret")]);
  expect(said).toEqual([["a request for health or figures failed", { path: "/metrics", reason: "a secret" }]]);
});

it("leaves everything else to others", async () => {
  const { ask } = await serving();
  for (const path of ["/", "/health", "/health/", "/health/dead", "/METRICS", "/metrics/", "/api", "/?/metrics"]) {
    expect(await (await ask(path)).text(), path).toBe("another");
  }
});
