// Requests that a client sends before it has read an answer: some are lawful, more than it can want are cut off.
import { expect, test } from "vitest";
import { serve, type Served } from "../serving.ts";
import { dial, readUntil } from "../wire.ts";

/** Fewer than one piece of what is read holds: those of one piece have no answers before all of it is parsed. */
const most = 8;
const limits = { unansweredRequests: most };
const requests: Readonly<Record<string, string>> = {
  presence: "GET /raw/lobby/presence HTTP/1.1\r\nHost: a\r\n\r\n",
  publish: "POST /raw/lobby HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1",
  health: "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n",
  API: "GET /api HTTP/1.1\r\nHost: a\r\n\r\n",
};

/** How many answers come to `count` requests that are written at once. */
async function answers({ port }: Served, request: string, count: number): Promise<number> {
  const socket = await dial(port);
  const found = (text: string): number => text.split("HTTP/1.1 ").length - 1;
  const answered = readUntil(socket, (text) => found(text) === count && text.endsWith("}"));
  socket.write(request.repeat(count));
  const text = await answered;
  socket.destroy();
  return found(text);
}

test.each(Object.keys(requests))(
  "%s: as many as may be are answered, of 200 at once the connection is cut",
  async (name) => {
    const served = await serve({ limits });
    const request = requests[name] ?? "";
    expect(await answers(served, request, most)).toBe(most);
    expect(served.tide.stats().counters["limit_unansweredRequests"]).toBeUndefined();
    expect(await answers(served, request, 200)).toBeLessThanOrEqual(most);
    expect(served.tide.stats().counters["limit_unansweredRequests"]).toBe(1);
    await expect.poll(() => served.tide.stats()).toMatchObject({ connections: 0, sessions: 0 });
  },
);

test("of a read full of them next to nothing is parsed once the connection is cut", async () => {
  const { server, port } = await serve({ limits });
  let parsed = 0;
  const emit = server.emit.bind(server) as (name: string | symbol, ...args: unknown[]) => boolean;
  server.emit = (name: string | symbol, ...args: unknown[]) => {
    if (name === "request") parsed += 1;
    return emit(name, ...args);
  };
  const socket = await dial(port);
  const cut = readUntil(socket, () => false);
  socket.write((requests["presence"] ?? "").repeat(1_400));
  await cut;
  // One piece of 1 KiB, of requests of 46 bytes.
  expect(parsed).toBeGreaterThan(most);
  expect(parsed).toBeLessThanOrEqual(23);
});

test("those of one connection that are more than a turn has time for are all answered, each once", async () => {
  const { server, port, tide } = await serve();
  server.on("request", (request, response) => {
    // Busy for a millisecond, as an application may be.
    for (const endMs = performance.now() + 1; performance.now() < endMs;);
    if (!response.headersSent) response.writeHead(200).end(request.url);
  });
  const socket = await dial(port);
  const answered = readUntil(socket, (text) => text.endsWith("/number/299/\r\n0\r\n\r\n"));
  socket.write(Array.from({ length: 300 }, (_, n) => `GET /number/${n}/ HTTP/1.1\r\nHost: a\r\n\r\n`).join(""));
  const numbers = [...(await answered).matchAll(/number\/(\d+)\//g)].map(([, n]) => Number(n));
  expect(numbers).toEqual(Array.from({ length: 300 }, (_, n) => n));
  expect(tide.stats().counters["reads_late"]).toBeGreaterThan(0);
  socket.destroy();
});

test("one after the other there is no end to them", async () => {
  const { port } = await serve();
  const socket = await dial(port);
  for (let n = 0; n < 200; n += 1) {
    const answered = readUntil(socket, (text) => text.endsWith("}"));
    socket.write(requests["presence"] ?? "");
    expect(await answered).toMatch(/^HTTP\/1\.1 200 /);
  }
  socket.destroy();
});
