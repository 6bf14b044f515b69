// Canaries: texts that users wrote, through every door. What they say never stands in a log, what they are called only as
// a field and never so that it can move a terminal's cursor; and no counter has a name that they chose.
import { request as requestHttp } from "node:http";
import { defineChannel } from "@tidewire/protocol";
import { tokenSecret } from "@tidewire/server/testing";
import { consoleLog } from "tidewire/host";
import { expect, test, vi } from "vitest";
import { z } from "zod";
import { lobby, open, serve, type Logged } from "../serving.ts";
import { talk } from "../talk.ts";
import { dial, readUntil, upgradeRequest } from "../wire.ts";

/** What somebody says: payloads, tokens, cookies, keys, what their program is called. */
const said = "canary-said";
/** What somebody calls something: channels, and the origin of a page. */
const called = "canary-called";
/** Escapes in seven and in eight bits, ends of lines, a change of direction, a delete. */
const wild = "\u001b[31m\u009b2J\r\n\u0085\u2028\u202e\u007f\u0000";
const strict = defineChannel("strict", {
  data: z.object({ kind: z.enum(["a", "b"]) }),
  history: { size: 5, ttlMs: 1_000 },
});
const apiKey = "the key";

const paths = ["/connection/websocket", "/raw/lobby", "/echo", `/raw/${encodeURIComponent(`public:${called}${wild}`)}`];

/** A header may have what is Latin-1 and no control character of seven bits. */
const headerWild = `${said}\u009b2J\u0085`;
const headers = {
  Origin: `http://${called}\u009b2J\u0085.example`,
  "User-Agent": `${headerWild}${"x".repeat(10_000)}`,
  Cookie: `session=${said}`,
  Authorization: `Bearer ${said}`,
  Referer: `http://a/${said}`,
  "Last-Event-ID": said,
  "Idempotency-Key": said,
  "Sec-WebSocket-Protocol": said,
  "X-Forwarded-For": said,
};

const frames = (channel: string): readonly string[] => [
  `${said}${wild}`,
  JSON.stringify({ id: 2, [`${said}${wild}`]: {} }),
  ...[
    { subscribe: { channel, token: said, epoch: said, recover: true } },
    { subscribe: { channel: `${channel}${wild}` } },
    { publish: { channel, data: `${said}${wild}` } },
    { publish: { channel: "strict", data: { kind: `${said}${wild}` } } },
    { publish: { channel: "strict", data: said } },
    { rpc: { method: `${said}${wild}`, data: said } },
    { rpc: { method: "tide.publish", data: { channel, data: said, key: said } } },
    { rpc: { method: `tide.${said}`, data: { channel } } },
    { history: { channel, since: { epoch: said, offset: 1 } } },
    { presence: { channel } },
    { refresh: { token: said } },
    { connect: { token: said, data: said } },
  ].map((command) => JSON.stringify({ id: 2, ...command })),
];

const requests: readonly (readonly [method: string, path: string, body?: string])[] = [
  ["GET", `/raw/${encodeURIComponent(`public:${called}${wild}`)}`],
  ["GET", `/raw/public:${called}?rate=${said}&lastEventId=${said}`],
  ["POST", `/raw/public:${called}`, `${said}${wild}`],
  ["POST", "/raw/strict", JSON.stringify({ kind: said })],
  ["GET", `/raw/public:${called}/presence`],
  ["POST", `/api/${said}`, said],
  ["POST", "/api/publish", said],
  ["POST", "/api/publish", JSON.stringify({ channel: "strict", data: { kind: said } })],
  ["POST", "/api/history", JSON.stringify({ channel: `${called}${wild}`, since: said })],
  ["BREW", `/${said}`],
];

async function send(port: number, [method, path, body]: (typeof requests)[number], more: object): Promise<void> {
  await new Promise<void>((resolve) => {
    const asked = requestHttp({ port, host: "127.0.0.1", method, path, headers: { ...headers, ...more } });
    asked.on("error", () => resolve());
    asked.on("response", (response) => {
      response.resume().on("close", () => resolve());
      if (response.headers["content-type"]?.startsWith("text/event-stream") === true) asked.destroy();
    });
    asked.end(body);
  });
}

const all: Logged[] = [];
const counted: Record<string, number> = {};

/** Sends all of it through every door, and notes what was logged and counted. */
async function fly(mode: "development" | "production"): Promise<void> {
  const tokens = { secret: tokenSecret };
  const connect = (): { user: string } => ({ user: "" });
  const options = { channels: [lobby, open, strict], mode, apiKey, trustProxy: ["127.0.0.1"] };
  for (const rules of [{ tokens }, { access: { connect } }]) {
    const served = await serve({ ...options, ...rules, limits: { firstCommandMs: 300 } });
    for (const path of paths) {
      const socket = await dial(served.port);
      const { "Sec-WebSocket-Protocol": _, ...rest } = headers;
      socket.write(Buffer.from(upgradeRequest(path, rest), "latin1"));
      await readUntil(socket, (text) => text.includes("\r\n\r\n"));
      socket.destroy();
    }
    for (const frame of frames(`public:${called}`)) {
      const opened = await talk(`${served.socketUrl}/connection/websocket`, { headers: { Cookie: headers.Cookie } });
      opened.send('{"id":1,"connect":{}}');
      await Promise.race([opened.next(), opened.closed]);
      opened.send(frame);
      await Promise.race([opened.next().catch(() => ""), opened.closed]);
      await opened.close();
    }
    for (const request of requests) {
      await send(served.port, request, {});
      await send(served.port, request, { Origin: `http://127.0.0.1:${served.port}`, "X-API-Key": apiKey });
    }
    all.push(...served.log.lines);
    Object.assign(counted, served.tide.stats().counters);
    await served.stop();
  }
}

test("nothing that users say stands in a log, and what they call things only as a field", async () => {
  await fly("development");
  await fly("production");
  expect(all.length).toBeGreaterThan(5);
  expect(all.filter(({ fields }) => JSON.stringify(fields).includes(called)).length).toBeGreaterThan(0);
  expect(all.filter((line) => JSON.stringify(line).includes(said))).toEqual([]);
  expect(all.filter(({ message }) => message.includes(called))).toEqual([]);
  for (const { fields } of all) expect(JSON.stringify(fields).length).toBeLessThan(1_000);

  // As a terminal would get it.
  const written: string[] = [];
  const stderr = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  const shown = consoleLog("debug");
  for (const { level, message, fields } of all) shown[level](message, fields);
  stderr.mockRestore();
  for (const line of written) expect(line).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*\n$/u);

  expect(Object.keys(counted).filter((name) => !/^[a-zA-Z_-]+$/.test(name))).toEqual([]);
  expect(Object.keys(counted).length).toBeLessThan(60);
}, 60_000);
