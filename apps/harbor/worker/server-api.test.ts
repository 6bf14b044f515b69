// What a worker asks of the server, and what it makes of answers that are none.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, it, onTestFinished } from "vitest";
import { type ServerApi, serverApi } from "./server-api.ts";

interface Asked {
  readonly path: string | undefined;
  readonly key: unknown;
  readonly body: unknown;
}

/** A server that answers everything with this. */
async function answering(status: number, answer: unknown): Promise<{ api: ServerApi; asked: readonly Asked[] }> {
  const asked: Asked[] = [];
  const answerTo = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body: unknown = JSON.parse(await text(request));
    asked.push({ path: request.url, key: request.headers["x-api-key"], body });
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
  };
  const server = createServer((request, response) => void answerTo(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { api: serverApi({ serverUrl: `http://127.0.0.1:${port}` }, "the key"), asked };
}

it("asks who is here, with the worker's key", async () => {
  const { api, asked } = await answering(200, { result: { num_clients: 3, num_users: 2 } });
  expect(await api.connections("here:lou")).toBe(3);
  expect(asked).toEqual([{ path: "/api/presence_stats", key: "the key", body: { channel: "here:lou" } }]);
});

it.each([
  ["an error", 200, { error: { code: 100, message: "internal" } }],
  ["a status", 503, { result: { num_clients: 3 } }],
  ["no number", 200, { result: { num_clients: "3" } }],
  ["no result", 200, null],
])("%s is no answer: nobody is said to be away", async (_, status, answer) => {
  const { api } = await answering(status, answer);
  await expect(api.connections("here:lou")).rejects.toThrow("presence_stats: ");
});

it("what is refused was not published", async () => {
  const { api } = await answering(200, { error: { code: 102, message: "unknown channel" } });
  await expect(api.publish("mailbox", {})).rejects.toThrow('publish: the server answered 200, {"code":102');
});
