// Servers that the engine cannot work with: it says so at its start, in words, and to nobody's harm.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@redis/client";
import { redisEngine, type RedisClient } from "@tidewire/server/redis";
import { expect, it, type TestContext } from "vitest";
import { RecordingSink } from "../../packages/server/src/engine/contract/recording-sink.ts";
import { freePort } from "../killable-node.ts";
import { keeping, RedisServer } from "../services/redis.ts";
import { say, startEngine } from "./engines.ts";

async function refusalOf(client: RedisClient, options: { readonly durable?: boolean } = {}): Promise<string> {
  const engine = redisEngine({ client, ...options });
  const thrown: unknown = await engine.start(new RecordingSink()).then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toMatchObject({ reason: "engine_unavailable" });
  // Nothing was left open, and a start may be tried again.
  await engine.stop();
  return (thrown as Error).message;
}

it("nobody listens", async () => {
  const client = createClient({ url: `redis://127.0.0.1:${await freePort()}` });
  expect(await refusalOf(client)).toMatch(/ECONNREFUSED/);
});

it("a wrong password, and none", async (context) => {
  const server = await RedisServer.forTest(context, {
    settings: { requirepass: "right" },
    url: (port) => `redis://:right@127.0.0.1:${port}`,
  });
  const at = `127.0.0.1:${server.port}`;
  expect(await refusalOf(createClient({ url: `redis://:wrong@${at}` }))).toMatch(/WRONGPASS/);
  expect(await refusalOf(createClient({ url: `redis://${at}` }))).toMatch(/NOAUTH/);
  const { engine } = await startEngine(server.url);
  expect((await say(engine, "news", "1")).position.offset).toBe(1);
});

it("a user who may not do what is needed; one who may not ask for settings is told that acks promise less", async (context) => {
  const server = await RedisServer.forTest(context, { settings: keeping.always });
  await server.ask("ACL", "SETUSER", "reader", "on", ">word", "~*", "&*", "+@read", "+@connection");
  const allowed = ["+@all", "-@admin", "-@dangerous", "+info"];
  await server.ask("ACL", "SETUSER", "app", "on", ">word", "~tidewire:*", "&tidewire:*", ...allowed);
  await server.ask("ACL", "SETUSER", "full", "on", ">word", "~tidewire:*", "&tidewire:*", ...allowed, "+config|get");
  const at = `127.0.0.1:${server.port}`;
  expect(await refusalOf(createClient({ url: `redis://reader:word@${at}` }))).toMatch(/NOPERM/);
  const { engine } = await startEngine(`redis://app:word@${at}`);
  expect((await say(engine, "news", "1")).durability).toBe("volatile");
  const { engine: other } = await startEngine(`redis://full:word@${at}`);
  expect((await say(other, "news", "2")).durability).toBe("fsync");
});

it("a replica", async (context) => {
  const server = await RedisServer.forTest(context);
  await server.ask("REPLICAOF", "127.0.0.1", `${await freePort()}`);
  expect(await refusalOf(createClient({ url: server.url }))).toMatch(/a primary was expected, got a slave/);
});

it("a server that may forget where channels end", async (context) => {
  const settings = { maxmemory: "100mb", "maxmemory-policy": "allkeys-lru" };
  const server = await RedisServer.forTest(context, { settings });
  expect(await refusalOf(createClient({ url: server.url }))).toMatch(/noeviction was expected, got allkeys-lru/);
});

it("one that is said to be durable and is not", async (context) => {
  const server = await RedisServer.forTest(context, { settings: keeping.everySecond });
  const message = await refusalOf(createClient({ url: server.url }), { durable: true });
  expect(message).toMatch(/appendfsync always, this one has appendonly yes and appendfsync everysec/);
});

it("an older version, and something that is no Redis at all", async () => {
  const answering = (info: string): RedisClient => ({
    duplicate: () => ({
      connect: () => Promise.resolve(),
      destroy: () => undefined,
      on: () => undefined,
      sendCommand: ([name]) => Promise.resolve(name === "INFO" ? info : []),
      sSubscribe: () => Promise.resolve(),
    }),
  });
  const older = answering("# Server\r\nredis_version:6.2.14\r\nrole:master\r\n");
  expect(await refusalOf(older)).toMatch(/Redis 7 or newer was expected, or Valkey, got redis 6\.2\.14/);
  expect(await refusalOf(answering("hello"))).toMatch(/got redis of no version/);
});

it("prefixes that would not keep keys together", () => {
  const client = createClient();
  for (const prefix of ["", "{a}", "a b", "x".repeat(65)]) {
    expect(() => redisEngine({ client, prefix })).toThrow(TypeError);
  }
});

/** A key and a certificate for 127.0.0.1, by openssl. */
function certificate(context: TestContext): { readonly key: string; readonly cert: string } {
  const folder = mkdtempSync(join(tmpdir(), "tidewire-tls-"));
  context.onTestFinished(() => rmSync(folder, { recursive: true }));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const args = ["req", "-x509", ...curve, "-nodes", "-days", "2", "-keyout", key, "-out", cert, ...names];
  const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  if (status !== 0) context.skip(`openssl made no certificate: ${stderr ?? "it is not here"}`);
  return { key, cert };
}

it("with TLS it works, and not with a certificate that nobody trusts", async (context) => {
  const { key, cert } = certificate(context);
  const tlsPort = await freePort();
  await RedisServer.forTest(context, {
    settings: {
      "tls-port": `${tlsPort}`,
      "tls-cert-file": cert,
      "tls-key-file": key,
      "tls-ca-cert-file": cert,
      "tls-auth-clients": "no",
    },
  });
  const url = `rediss://127.0.0.1:${tlsPort}`;
  expect(await refusalOf(createClient({ url }))).toMatch(/self-signed certificate/);
  const ca = readFileSync(cert, "utf8");
  const { engine } = await startEngine(url, { client: createClient({ url, socket: { tls: true, ca } }) });
  await engine.follow("news");
  expect((await say(engine, "news", "1")).position.offset).toBe(1);
});
