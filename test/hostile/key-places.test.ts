// Tokens that say where their keys are: nobody goes there, whatever the place is called and whoever signed it.
import { createHmac, createSign, generateKeyPairSync } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import type { TokenOptions } from "@tidewire/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { listen, lobby, serve } from "../serving.ts";
import { talk } from "../talk.ts";

const secret = "a secret of some length, which nobody knows";
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const attackers = generateKeyPairSync("rsa", { modulusLength: 2_048 });

/** A listener that counts who comes. */
async function place(answer: RequestListener): Promise<{ url: string; readonly hits: string[] }> {
  const hits: string[] = [];
  const server = createServer((request, response) => {
    hits.push(request.url ?? "");
    answer(request, response);
  });
  server.on("connection", () => hits.push("connection"));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, hits };
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function signed(header: object, claims: object, sign: (text: string) => Buffer): string {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${sign(text).toString("base64url")}`;
}

const byRsa =
  (key: typeof privateKey) =>
  (text: string): Buffer =>
    createSign("sha256").update(text).sign(key);
const bySecret = (text: string): Buffer => createHmac("sha256", secret).update(text).digest();

const jwks = (key: typeof publicKey, kid: string): object => ({
  keys: [{ ...key.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" }],
});

/** Headers and claims that name a place, and things that are none. */
function hostile(url: string): readonly (readonly [header: object, claims: object])[] {
  const jwk = attackers.publicKey.export({ format: "jwk" });
  const kids = [url, `${url}/keys`, "../../../../etc/passwd", "' OR 1=1 --", "__proto__", "", "x".repeat(5_000)];
  const headers = [
    { jku: `${url}/jku` },
    { x5u: `${url}/x5u` },
    { jwk },
    { x5c: [url] },
    { x5t: url },
    { "x5t#S256": url },
    { iss: url },
    { crit: ["jku"], jku: url },
    { crit: ["b64"], b64: false },
    ...kids.map((kid) => ({ kid })),
  ];
  const claims = [
    { iss: url },
    { iss: `${url}/.well-known/openid-configuration`, jwks_uri: `${url}/keys` },
    { aud: url },
    { jku: url },
  ];
  return [
    ...headers.map((header) => [header, {}] as const),
    ...claims.map((claim) => [{}, claim] as const),
    [{ jku: url, jwk, kid: url }, { iss: url }],
  ];
}

/** What a connect with each token is answered with: close codes, error codes, or "connected". */
async function outcomes(options: TokenOptions, tokens: readonly string[]): Promise<Set<string>> {
  const { socketUrl } = await serve({ channels: [lobby], tokens: options, mode: "production" });
  const said = tokens.map(async (token) => {
    const opened = await talk(`${socketUrl}/connection/websocket`);
    opened.send(JSON.stringify({ id: 1, connect: { token } }));
    const first = await opened.next().catch(() => null);
    if (first === null) return String((await opened.closed).code);
    const { error } = JSON.parse(String(first)) as { error?: { code: number } };
    await opened.close();
    return error === undefined ? "connected" : `error ${error.code}`;
  });
  return new Set(await Promise.all(said));
}

describe("the place that a token names sees nobody", () => {
  test("where a secret is the key", async () => {
    const trap = await place((_, response) => response.end(JSON.stringify(jwks(attackers.publicKey, "a"))));
    const forged = hostile(trap.url).map(([header, claims]) =>
      signed({ alg: "RS256", ...header }, { sub: "admin", ...claims }, byRsa(attackers.privateKey)),
    );
    expect(await outcomes({ secret }, forged)).toEqual(new Set(["3500"]));
    // Who has the secret may say what it likes; where it says that somebody should look, nobody does.
    const own = hostile(trap.url).map(([header, claims]) => signed({ alg: "HS256", ...header }, claims, bySecret));
    for (const outcome of await outcomes({ secret }, own)) expect(["connected", "3500"]).toContain(outcome);
    expect(trap.hits).toEqual([]);
  });

  test("where a public key is", async () => {
    const trap = await place((_, response) => response.end(JSON.stringify(jwks(attackers.publicKey, "a"))));
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    const byPem = (text: string): Buffer => createHmac("sha256", pem).update(text).digest();
    const forged = hostile(trap.url).flatMap(([header, claims]) => [
      signed({ alg: "RS256", ...header }, claims, byRsa(attackers.privateKey)),
      signed({ alg: "HS256", ...header }, claims, byPem),
      signed({ alg: "none", ...header }, claims, () => Buffer.alloc(0)),
    ]);
    expect(await outcomes({ publicKey: pem }, forged)).toEqual(new Set(["3500"]));
    expect(trap.hits).toEqual([]);
  });

  test("where keys are published: they are fetched once, from their own place", async () => {
    const trap = await place((_, response) => response.end(JSON.stringify(jwks(attackers.publicKey, "a"))));
    const issuer = await place((_, response) => response.end(JSON.stringify(jwks(publicKey, "good"))));
    const options = { jwksUrl: `${issuer.url}/keys` };
    const forged = [...Array(20).keys()].flatMap((n) =>
      hostile(trap.url).map(([header, claims]) =>
        signed({ alg: "RS256", kid: `unknown ${n}`, ...header }, claims, byRsa(attackers.privateKey)),
      ),
    );
    expect(await outcomes(options, forged)).toEqual(new Set(["3500"]));
    expect(trap.hits).toEqual([]);
    expect(issuer.hits.filter((hit) => hit !== "connection")).toEqual(["/keys"]);
    const good = signed({ alg: "RS256", kid: "good", jku: trap.url }, { sub: "ann" }, byRsa(privateKey));
    expect(await outcomes(options, [good])).toEqual(new Set(["connected"]));
    expect(trap.hits).toEqual([]);
  });

  test("where the keys' own place sends everybody on to it: that is followed nowhere", async () => {
    const trap = await place((_, response) => response.end(JSON.stringify(jwks(attackers.publicKey, "a"))));
    const issuer = await place((_, response) => response.writeHead(302, { location: `${trap.url}/keys` }).end());
    const forged = signed({ alg: "RS256", kid: "a" }, { sub: "admin" }, byRsa(attackers.privateKey));
    expect(await outcomes({ jwksUrl: `${issuer.url}/keys` }, [forged])).toEqual(new Set(["error 100"]));
    expect(trap.hits).toEqual([]);
  });
});
