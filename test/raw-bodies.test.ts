// Bodies of requests to a channel: their limits in bytes and time, and clients that go in the middle of one.
import type { IncomingMessage } from "node:http";
import type { Clock } from "@tidewire/server";
import { describe, expect, test } from "vitest";
import { ended, post, say } from "./requesting.ts";
import { open, serve } from "./serving.ts";
import { dial, readUntil } from "./wire.ts";

describe("bodies", () => {
  const limits = { messageBytes: 1_000 };
  const head = (fields: string): string => `POST /raw/public:a HTTP/1.1\r\nHost: 127.0.0.1\r\n${fields}\r\n\r\n`;

  test("the limit is in the answer, announced or not", async () => {
    const { httpUrl, port } = await serve({ limits });
    const url = `${httpUrl}/raw/public:a`;
    expect((await post(url, "x".repeat(1_000))).status).toBe(200);
    const error = { error: { code: 413, message: "expected a body of at most 1000 bytes" } };
    expect(await post(url, "x".repeat(1_001))).toMatchObject({ status: 413, body: error });
    expect(await post(url, "x".repeat(10_000))).toMatchObject({ status: 413, body: error });
    const chunked = head("Transfer-Encoding: chunked") + `7d0\r\n${"x".repeat(2_000)}\r\n`;
    const whole = (text: string): boolean => text.endsWith("}}");
    expect(await say(port, chunked, whole)).toMatch(/^HTTP\/1\.1 413 [^]*at most 1000 bytes/);
    // The answer comes before the body: a gigabyte is not waited for.
    expect(await say(port, head("Content-Length: 1073741824"), whole)).toMatch(/^HTTP\/1\.1 413 /);
  });

  test("chunked, without a length", async () => {
    const { port, tide } = await serve({ limits });
    const chunked = `${head("Transfer-Encoding: chunked")}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`;
    expect(await say(port, chunked, (text) => text.endsWith("}"))).toMatch(/^HTTP\/1\.1 200 [^]*"offset":1[,}]/);
    const [only] = await tide.channel(open, { name: "a" }).history(10);
    expect(only?.data).toBe("abcde");
  });

  test("Expect: 100-continue", async () => {
    const { port } = await serve({ limits });
    const socket = await dial(port);
    socket.write(head("Content-Length: 2\r\nExpect: 100-continue"));
    expect(await readUntil(socket, (text) => text.includes("\r\n\r\n"))).toBe("HTTP/1.1 100 Continue\r\n\r\n");
    socket.write("hi");
    expect(await readUntil(socket, (text) => text.endsWith("}"))).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  });

  test("one that trickles in is given up, and its connection with it", async () => {
    const { port, tide } = await serve({ limits: { ...limits, firstCommandMs: 40 } });
    expect(await say(port, `${head("Content-Length: 100")}x`, ended)).toMatch(/^HTTP\/1\.1 408 [^]*within 40 ms/);
    // Told at once that it is too large, and going on all the same.
    const socket = await dial(port);
    socket.write(`${head("Content-Length: 5000")}x`);
    expect(await readUntil(socket, ended)).toMatch(/^HTTP\/1\.1 413 /);
    await expect.poll(() => tide.stats()).toMatchObject({ connections: 0, sessions: 0 });
  });

  test("whose end comes right behind the refusal is not published all the same (P3)", async () => {
    const firstCommandMs = 12_345;
    let giveUp = (): void => undefined;
    const clock: Clock = {
      now: () => performance.now(),
      wall: () => Date.now(),
      defer: (act) => void setImmediate(act),
      after: (ms, act) => {
        if (ms === firstCommandMs) giveUp = act;
        const timer = setTimeout(act, ms).unref();
        return () => clearTimeout(timer);
      },
    };
    const { server, port, tide } = await serve({ limits: { firstCommandMs }, clock });
    const emit = server.emit.bind(server);
    server.emit = (name: string, ...args: unknown[]): boolean => {
      // Heard before ours: the time is up in the very step in which the body ends.
      if (name === "request") (args[0] as IncomingMessage).once("end", () => giveUp());
      return emit(name as "request", ...(args as []));
    };
    expect(await say(port, `${head("Content-Length: 1")}x`, ended)).toMatch(/^HTTP\/1\.1 408 /);
    await expect.poll(() => tide.stats()).toMatchObject({ connections: 0, sessions: 0 });
    expect(tide.stats().counters["connected"]).toBeUndefined();
  });

  test("whoever ends its side with its request is gone, as Node has it, and leaves nothing behind", async () => {
    const { port, tide } = await serve({ limits });
    const socket = await dial(port);
    socket.end(`${head("Content-Length: 1")}x`);
    await readUntil(socket, ended);
    await expect.poll(() => tide.stats()).toMatchObject({ connections: 0, sessions: 0 });
  });

  test("whoever goes in the middle leaves nothing behind", async () => {
    const { port, tide, log } = await serve({ limits });
    for (let n = 0; n < 20; n += 1) {
      const socket = await dial(port);
      socket.write(`${head("Content-Length: 100")}x`, () => socket.resetAndDestroy());
    }
    await expect.poll(() => tide.stats()).toMatchObject({ connections: 0, sessions: 0 });
    expect([log.troubles, tide.stats().counters["published"]]).toEqual([[], undefined]);
  });
});

test("sockets that die at any point of a request leave nothing behind, and surprise nobody", async () => {
  const { port, tide, log } = await serve({ limits: { newPerSecond: 100_000 } });
  const chunk = "POST /raw/public:a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  const streams = "GET /raw/public:a HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n";
  const looks = "GET /raw/public:a/presence HTTP/1.1\r\nHost: a\r\n\r\n";
  const die = async (request: string, length: number, isHeard: boolean): Promise<void> => {
    const socket = await dial(port);
    const answered = readUntil(socket, (text) => text.includes("\r\n\r\n"));
    socket.write(request.slice(0, length));
    if (isHeard && length === request.length) await answered;
    if (length % 2 === 0) socket.resetAndDestroy();
    else socket.destroy();
  };
  for (const request of [chunk, streams, looks]) {
    for (let length = 1; length <= request.length; length += 1) {
      await Promise.all([die(request, length, true), die(request, length, false)]);
    }
  }
  await expect.poll(() => tide.stats()).toMatchObject({ connections: 0, sessions: 0, subscriptions: 0 });
  expect(log.troubles).toEqual([]);
});
