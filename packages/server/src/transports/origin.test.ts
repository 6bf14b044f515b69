// Origins: 33 of them, with and without a cookie, in development and in production, on real upgrades.
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { defineChannel } from "@tidewire/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import type { ConnectRequest } from "../access.ts";
import type { ServerOptions } from "../options.ts";
import type { LogFields } from "../ports/log.ts";
import { createTidewire } from "../server.ts";
import type { Tidewire } from "../tidewire.ts";
import { tokenOf, tokenSecret } from "../testing/token.ts";
import { judgeOrigin } from "./origin.ts";

const host = "app.example:8080";
const own = [undefined, "http://app.example:8080", "https://app.example:8080"];
const foreign = [
  "http://app.example",
  "http://app.example:8081",
  "https://app.example",
  "http://evil.example",
  "https://evil.example:8080",
  "http://app.example.evil.example:8080",
  "http://evilapp.example:8080",
  "http://sub.app.example:8080",
  "http://app.example:8080.evil.example",
  "http://app.example:8080@evil.example",
  "http://evil.example#app.example:8080",
  "http://evil.example/app.example:8080",
  "http://app.example:8080/",
  "http://app.example:8080/path",
  "http://APP.EXAMPLE:8080",
  "http://app.example:8080 http://evil.example",
  "http://app.example:8080, http://evil.example",
  "//app.example:8080",
  "app.example:8080",
  "foo://app.example:8080",
  "null",
  "",
  "*",
  "file://",
  "chrome-extension://abcdefghijklmnop",
  "javascript:alert(1)",
  "data:,x",
  "http://localhost:5173",
  "http://127.0.0.1:5173",
  "https://hoppscotch.io",
];

interface Running {
  readonly tide: Tidewire;
  readonly port: number;
  readonly warnings: LogFields[];
  /** What the connect rule was shown last. */
  seen: IncomingHttpHeaders | null;
  stop(): Promise<void>;
}

async function run(options: Partial<ServerOptions>): Promise<Running> {
  const warnings: LogFields[] = [];
  const ignore = (): void => undefined;
  const log = {
    debug: ignore,
    info: ignore,
    error: ignore,
    warn: (_: string, fields: LogFields = {}) => void warnings.push(fields),
  };
  const connect = ({ headers }: { headers: IncomingHttpHeaders }): { user: string } => {
    running.seen = headers;
    return { user: "" };
  };
  const tide = createTidewire({ channels: [defineChannel("lobby")], access: { connect }, log, ...options });
  const server = createServer();
  tide.attach(server);
  await tide.start();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const running: Running = {
    tide,
    port: (server.address() as AddressInfo).port,
    warnings,
    seen: null,
    stop: async () => {
      await tide.stop({ drainMs: 1 });
      server.close();
    },
  };
  return running;
}

/** The status of the upgrade, and whether the connect rule saw the cookie and the authorization. */
async function upgrade(running: Running, headers: Readonly<Record<string, string>>): Promise<string> {
  running.seen = null;
  const socket = new WebSocket(`ws://127.0.0.1:${running.port}/raw/lobby`, { headers });
  return new Promise((resolve, reject) => {
    socket.once("unexpected-response", (request, { statusCode }) => {
      request.destroy();
      resolve(String(statusCode));
    });
    socket.once("open", () => {
      const { cookie, authorization } = running.seen ?? {};
      socket.terminate();
      resolve(`101${cookie === undefined ? "" : " cookie"}${authorization === undefined ? "" : " authorization"}`);
    });
    socket.on("error", reject);
  });
}

const credentials = { Cookie: "session=1", Authorization: "Bearer x" };

describe.each(["development", "production"] as const)("in %s", (mode) => {
  let strict: Running;
  let lax: Running;

  beforeAll(async () => {
    strict = await run({ mode });
    lax = await run({ mode, origins: ["*", "http://friend.example"] });
  });

  afterAll(async () => {
    await Promise.all([strict.stop(), lax.stop()]);
  });

  test.each(own)("%j is its own, with its cookie", async (origin) => {
    const headers: Readonly<Record<string, string>> = {
      Host: host,
      ...(origin === undefined ? {} : { Origin: origin }),
    };
    expect(await upgrade(strict, headers)).toBe("101");
    expect(await upgrade(strict, { ...headers, ...credentials })).toBe("101 cookie authorization");
  });

  test.each(foreign)("%j is foreign: without the user's cookie, or not at all", async (origin) => {
    const headers = { Host: host, Origin: origin };
    const expected = mode === "development" ? "101" : "403";
    expect(await upgrade(strict, headers)).toBe(expected);
    expect(await upgrade(strict, { ...headers, ...credentials })).toBe(expected);
    if (origin !== "*") expect(await upgrade(lax, { ...headers, ...credentials })).toBe("101");
  });

  test("one that is listed is let in as its own", async () => {
    const headers = { Host: host, Origin: "http://friend.example", ...credentials };
    expect(await upgrade(lax, headers)).toBe("101 cookie authorization");
    for (const origin of ["http://friend.example.evil.example", "http://friend.example:81", "https://friend.example"]) {
      expect(await upgrade(lax, { ...headers, Origin: origin })).toBe("101");
    }
  });

  test("a page on this machine is its own only in development, and only for a server on this machine", async () => {
    for (const origin of [
      "http://localhost:5173",
      "http://app.localhost:3000",
      "http://127.0.0.1:1",
      "http://[::1]:1",
    ]) {
      for (const local of ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"]) {
        const headers = { Host: local, Origin: origin, ...credentials };
        expect(await upgrade(strict, headers)).toBe(mode === "development" ? "101 cookie authorization" : "403");
      }
    }
    for (const origin of ["http://localhost.evil.example", "http://127.0.0.1.evil.example", "http://notlocalhost:1"]) {
      const headers = { Host: "localhost:8080", Origin: origin, ...credentials };
      expect(await upgrade(strict, headers)).toBe(mode === "development" ? "101" : "403");
    }
  });
});

test("a refusal is logged once for each origin, with the setting that would admit it", async () => {
  const running = await run({ mode: "production" });
  for (const origin of ["https://a.example", "https://b.example", "https://a.example"]) {
    expect(await upgrade(running, { Origin: origin })).toBe("403");
  }
  expect(running.warnings).toEqual([
    { TIDEWIRE_ORIGINS: "https://a.example" },
    { TIDEWIRE_ORIGINS: "https://b.example" },
  ]);
  expect(running.tide.stats().counters["origins_refused"]).toBe(3);
  const admitting = await run({ mode: "production", origins: ["https://a.example"] });
  expect(await upgrade(admitting, { Origin: "https://a.example" })).toBe("101");
  await Promise.all([running.stop(), admitting.stop()]);
});

test("a request without a host is nobody's own", () => {
  expect(judgeOrigin({ origin: "http://app.example" }, { isDevelopment: false, allowed: [] })).toBe("refused");
  expect(judgeOrigin({ origin: "http://localhost" }, { isDevelopment: true, allowed: [] })).toBe("foreign");
});

test.each(foreign)(
  "%j, foreign, is known by its token and by no cookie, and without a token by nothing",
  async (origin) => {
    const users: string[] = [];
    const connect = ({ claims, headers }: ConnectRequest): { user: string } => {
      users.push(`${claims?.user ?? "nobody"}${headers.cookie === undefined ? "" : " with a cookie"}`);
      return { user: claims?.user ?? "" };
    };
    const tokens = { secret: tokenSecret };
    const running = await run({ mode: "production", origins: ["*"], tokens, access: { connect } });
    const headers = { Host: host, Origin: origin };
    // The list says it by this name; it is no origin.
    const owner = origin === "*" ? " with a cookie" : "";
    await upgrade(running, { ...headers, Cookie: "session=1" });
    await upgrade(running, { ...headers, Cookie: "session=1", Authorization: `Bearer ${tokenOf({ sub: "ann" })}` });
    await upgrade(running, {
      ...headers,
      Authorization: `Bearer ${tokenOf({ sub: "ann" }, "another secret of some length")}`,
    });
    // A token is verified after the upgrade.
    await expect.poll(() => users).toEqual([`nobody${owner}`, `ann${owner}`]);
    await running.stop();
  },
);
