// A corpus of tokens: good ones of every algorithm, and everything that can be wrong with one.
import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { systemClock } from "../ports/clock.ts";
import { type TokenVerifier, tokenVerifier } from "./verifier.ts";

const secret = "a secret of some length, which nobody knows";
const now = Math.floor(Date.now() / 1_000);
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const good = { sub: "42", exp: now + 600, info: { name: "Ann" } };

function hmacToken(claims: unknown, options: { alg?: string; header?: object; key?: string | Buffer } = {}): string {
  const { alg = "HS256", header = {}, key = secret } = options;
  const signed = `${encode({ alg, typ: "JWT", ...header })}.${encode(claims)}`;
  return `${signed}.${createHmac(alg.replace("HS", "sha"), key).update(signed).digest("base64url")}`;
}

function keyToken(claims: unknown, { alg, key, kid }: { alg: string; key: KeyObject; kid?: string }): string {
  const signed = `${encode({ alg, typ: "JWT", ...(kid === undefined ? {} : { kid }) })}.${encode(claims)}`;
  const digest = alg === "EdDSA" ? null : `sha${alg.slice(2)}`;
  return `${signed}.${sign(digest, Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

const pem = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();
const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const otherRsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const p521 = generateKeyPairSync("ec", { namedCurve: "P-521" });
const ed25519 = generateKeyPairSync("ed25519");

const byHmac = tokenVerifier({ secret }, systemClock);
const kinds = async (verifier: TokenVerifier, token: string): Promise<string> =>
  (await verifier.connection(token)).kind;

describe("good tokens", () => {
  it("reads the vectors of the protocol", async () => {
    const verifier = tokenVerifier({ secret: "secret" }, systemClock);
    const connection =
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI0MiIsImV4cCI6MjAwMDAwMDAwMCwiaW5mbyI6eyJuYW1lIjoiQW5uIn19.9fOloqTWNLW0mBI9Q5Jg7YlawUzxH6GK_1FmRtdZw1E";
    expect(await verifier.connection(connection)).toEqual({
      kind: "ok",
      claims: { user: "42", info: { name: "Ann" }, expiresAt: 2_000_000_000, channels: [] },
    });
    const subscription =
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI0MiIsImNoYW5uZWwiOiIkb3JkZXJzIiwiZXhwIjoyMDAwMDAwMDAwfQ.jPtBIlt_15_rdI_VucXItu1qkCzh-3SGUGqLCqovWEE";
    expect(await verifier.subscription(subscription)).toMatchObject({
      kind: "ok",
      claims: { user: "42", channel: "$orders" },
    });
    expect(await verifier.connection(subscription)).toMatchObject({ kind: "invalid" });
  });

  it.each(["HS256", "HS384", "HS512"])("%s", async (alg) => {
    expect(await kinds(byHmac, hmacToken(good, { alg }))).toBe("ok");
  });

  it.each([
    ["RS256", rsa],
    ["RS384", rsa],
    ["RS512", rsa],
    ["ES256", p256],
    ["ES384", p384],
    ["ES512", p521],
    ["EdDSA", ed25519],
  ] as const)("%s", async (alg, { publicKey, privateKey }) => {
    const verifier = tokenVerifier({ publicKey: pem(publicKey) }, systemClock);
    expect(await kinds(verifier, keyToken(good, { alg, key: privateKey }))).toBe("ok");
  });

  it.each([
    [{ ...good, expire_at: 0 }, null],
    [{ ...good, expire_at: now + 60 }, now + 60],
    [{ sub: "42" }, null],
    [good, good.exp],
  ])("takes the connection's end from %j", async (claims, expiresAt) => {
    expect(await byHmac.connection(hmacToken(claims))).toMatchObject({ kind: "ok", claims: { expiresAt } });
  });

  it("reads info in base64, channels, and a guest without a name", async () => {
    const claims = { b64info: Buffer.from('{"a":1}').toString("base64"), channels: ["a", "b"], subs: { b: {}, c: {} } };
    expect(await byHmac.connection(hmacToken(claims))).toEqual({
      kind: "ok",
      claims: { user: "", info: { a: 1 }, expiresAt: null, channels: ["a", "b", "c"] },
    });
  });
});

describe("bad tokens", () => {
  const valid = hmacToken(good);
  const [head = "", body = "", signature = ""] = valid.split(".");
  // The last character may carry bits that nobody reads.
  const flipped = [...Array(60).keys()].map((at) => {
    const index = Math.floor((at * (valid.length - 2)) / 60);
    const other = valid[index] === "A" ? "B" : "A";
    return [`character ${index} is another`, `${valid.slice(0, index)}${other}${valid.slice(index + 1)}`] as const;
  });

  it.each<readonly [string, string]>([
    ...flipped,
    ["nothing", ""],
    ["a word", "token"],
    ["dots", ".."],
    ["two parts", `${head}.${body}`],
    ["four parts", `${valid}.x`],
    ["no signature", `${head}.${body}.`],
    ["another secret", hmacToken(good, { key: "another secret of the same length, or so" })],
    ["an empty secret", hmacToken(good, { key: "" })],
    ["none", `${encode({ alg: "none" })}.${body}.`],
    ["None", `${encode({ alg: "None" })}.${body}.${signature}`],
    ["nOnE", `${encode({ alg: "nOnE" })}.${body}.`],
    ["no algorithm", `${encode({ typ: "JWT" })}.${body}.${signature}`],
    ["RS256 with an HMAC signature", `${encode({ alg: "RS256" })}.${body}.${signature}`],
    ["an unknown crit", hmacToken(good, { header: { crit: ["x"], x: 1 } })],
    ["crit b64", hmacToken(good, { header: { crit: ["b64"], b64: false } })],
    ["an empty crit", hmacToken(good, { header: { crit: [] } })],
    ["not yet", hmacToken({ ...good, nbf: now + 300 })],
    ["nbf that is a text", hmacToken({ ...good, nbf: "soon" })],
    ["exp that is a text", hmacToken({ ...good, exp: "2999" })],
    ["a number as sub", hmacToken({ ...good, sub: 42 })],
    ["null as sub", hmacToken({ ...good, sub: null })],
    ["an object as sub", hmacToken({ ...good, sub: {} })],
    ["a channel", hmacToken({ ...good, channel: "news" })],
    ["channels that are no list", hmacToken({ ...good, channels: "news" })],
    ["channels that are numbers", hmacToken({ ...good, channels: [1] })],
    ["subs that are a list", hmacToken({ ...good, subs: [] })],
    ["a negative expire_at", hmacToken({ ...good, expire_at: -1 })],
    ["a text as expire_at", hmacToken({ ...good, expire_at: "0" })],
    ["b64info that is no base64 of JSON", hmacToken({ ...good, b64info: "!!!" })],
    ["b64info that is a number", hmacToken({ ...good, b64info: 1 })],
    ["a list as claims", hmacToken([])],
    ["a text as claims", hmacToken("x")],
    ["null as claims", hmacToken(null)],
    ["a megabyte", hmacToken({ ...good, pad: "x".repeat(1_000_000) })],
    ["line feeds", `\n${valid}\n.`],
    ["a NUL", `${valid}\0`],
  ] as (readonly [string, string])[])("%s", async (_what, token) => {
    expect(await kinds(byHmac, token)).toBe("invalid");
  });

  it("says expired, and nothing else, of an expired one", async () => {
    expect(await kinds(byHmac, hmacToken({ ...good, exp: now - 10 }))).toBe("expired");
    expect(await kinds(byHmac, hmacToken({ ...good, exp: now - 10 }, { key: "another" }))).toBe("invalid");
  });

  it("does not take a public key for a secret, nor another's key", async () => {
    const verifier = tokenVerifier({ publicKey: pem(rsa.publicKey) }, systemClock);
    expect(await kinds(verifier, hmacToken(good, { key: pem(rsa.publicKey) }))).toBe("invalid");
    expect(await kinds(verifier, hmacToken(good, { key: pem(rsa.publicKey).trim() }))).toBe("invalid");
    expect(await kinds(verifier, keyToken(good, { alg: "RS256", key: otherRsa.privateKey }))).toBe("invalid");
    expect(await kinds(verifier, keyToken(good, { alg: "ES256", key: p256.privateKey }))).toBe("invalid");
  });

  it("checks audience and issuer where they are given", async () => {
    const verifier = tokenVerifier({ secret, audience: "us", issuer: "them" }, systemClock);
    expect(await kinds(verifier, hmacToken({ ...good, aud: "us", iss: "them" }))).toBe("ok");
    expect(await kinds(verifier, hmacToken({ ...good, aud: ["x", "us"], iss: "them" }))).toBe("ok");
    for (const wrong of [{}, { aud: "us" }, { iss: "them" }, { aud: "you", iss: "them" }, { aud: "us", iss: "me" }]) {
      expect(await kinds(verifier, hmacToken({ ...good, ...wrong }))).toBe("invalid");
    }
  });

  it("takes a subscription's token only with a channel", async () => {
    for (const channel of [undefined, "", 1, null]) {
      expect((await byHmac.subscription(hmacToken({ ...good, channel }))).kind).toBe("invalid");
    }
  });
});

describe("published keys", () => {
  it("fetches them from the configured address alone, and not for every unknown key", async () => {
    let hits = 0;
    const jwk = { ...p256.publicKey.export({ format: "jwk" }), kid: "one", alg: "ES256", use: "sig" };
    const server = createServer((_request, response) => {
      hits += 1;
      response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: [jwk] }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address() as { port: number };
    const jwksUrl = `http://127.0.0.1:${address.port}/keys`;
    const verifier = tokenVerifier({ jwksUrl }, systemClock);
    expect(await kinds(verifier, hmacToken(good, { header: { jku: jwksUrl, kid: "one" } }))).toBe("invalid");
    expect(hits).toBe(0);
    expect(await kinds(verifier, keyToken(good, { alg: "ES256", key: p256.privateKey, kid: "one" }))).toBe("ok");
    for (let at = 0; at < 20; at += 1) {
      expect(await kinds(verifier, keyToken(good, { alg: "ES256", key: p256.privateKey, kid: `other ${at}` }))).toBe(
        "invalid",
      );
    }
    expect(hits).toBe(1);
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("options", () => {
  it("wants one key of a kind it knows", () => {
    expect(() => tokenVerifier({}, systemClock)).toThrow("got 0");
    expect(() => tokenVerifier({ secret, jwksUrl: "http://127.0.0.1/" }, systemClock)).toThrow("got 2");
    const x25519 = pem(generateKeyPairSync("x25519").publicKey);
    expect(() => tokenVerifier({ publicKey: x25519 }, systemClock)).toThrow("got x25519");
  });
});
