// What a publisher makes of the answers of a server, and of what stands before it.
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { httpPublish, httpPublishTogether, type HttpPublisherOptions } from "./server-api.ts";

interface Site extends HttpPublisherOptions {
  readonly seen: { readonly path: string | undefined; readonly key: unknown; readonly body: unknown }[];
  readonly sockets: Set<Socket>;
}

/** A server that answers each request with a status and a text. */
async function site(answer: (request: IncomingMessage) => readonly [number, string] | null): Promise<Site> {
  const seen: Site["seen"] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      seen.push({ path: request.url, key: request.headers["x-api-key"], body: JSON.parse(body) as unknown });
      const answered = answer(request);
      if (answered === null) request.socket.destroy();
      else response.writeHead(answered[0]).end(answered[1]);
    });
  });
  server.on("connection", (socket) => sockets.add(socket));
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`, apiKey: "a key", seen, sockets };
}

const marks = { idempotencyKey: "1" };

it("one that is accepted was asked for with its key, and the next goes on the same connection", async () => {
  const { seen, sockets, ...options } = await site(() => [200, '{"result":{}}']);
  const publish = httpPublish(options);
  for (let n = 0; n < 3; n += 1) await publish("public:a", { text: "höher" }, marks);
  const body = { channel: "public:a", data: { text: "höher" }, idempotency_key: "1" };
  expect(seen).toEqual(Array.from({ length: 3 }, () => ({ path: "/api/publish", key: "a key", body })));
  expect(sockets.size).toBe(1);
});

it.each([
  ["an error of the table", 200, '{"error":{"code":103,"message":"no"}}', { code: 103, temporary: false }],
  ["a status", 503, "{}", { code: 503, temporary: true }],
  ["what a proxy finds too large", 413, "<html>", { code: 413, temporary: false }],
  ["a redirection", 307, "{}", { code: 307, temporary: false }],
])("%s is why it is refused", async (...[, status, text, problem]) => {
  await expect(httpPublish(await site(() => [status, text]))("a", 1, marks)).rejects.toMatchObject(problem);
});

it.each([
  ["is no JSON", [200, "<html>"]],
  ["is endless", [200, `"${"x".repeat(5_000_000)}"`]],
  ["does not come", null],
] as const)("nobody can know where an answer %s", async (_, answer) => {
  await expect(httpPublish(await site(() => answer))("a", 1, marks)).rejects.not.toHaveProperty("code", 200);
});

it("several of one channel go in one request, which keeps their order", async () => {
  const site1 = await site(() => [200, '{"replies":[{"publish":{}},{"publish":{}}]}']);
  const publication = (n: number): { data: number; idempotencyKey: string } => ({ data: n, idempotencyKey: `${n}` });
  await httpPublishTogether(site1)("a", [publication(1), publication(2)]);
  expect(site1.seen).toMatchObject([
    {
      path: "/api/batch",
      body: { parallel: true, by_channel: true, commands: [{ publish: { data: 1 } }, { publish: { data: 2 } }] },
    },
  ]);
});
