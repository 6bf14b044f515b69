// Settings of the standalone server: how clients' tokens are verified, and switches.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readSettings } from "./settings.ts";

const secret = "a secret of some length, which nobody knows";
const jwksUrl = "https://issuer.example/.well-known/jwks.json";
const tokensFor = (env: Readonly<Record<string, string>>): unknown => readSettings({}, env).tokens;

test("tokens are verified by a secret, by published keys, or not at all", () => {
  expect(tokensFor({})).toBeNull();
  expect(tokensFor({ TIDEWIRE_TOKEN_SECRET: "" })).toBeNull();
  expect(tokensFor({ TIDEWIRE_TOKEN_SECRET: secret })).toEqual({ secret });
  expect(tokensFor({ TIDEWIRE_JWKS_URL: jwksUrl })).toEqual({ jwksUrl });
  for (const here of ["http://localhost:9/keys", "http://127.0.0.1/keys", "http://[::1]/keys"]) {
    expect(tokensFor({ TIDEWIRE_JWKS_URL: here })).toEqual({ jwksUrl: here });
  }
});

test("the secret may stand in a file", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "tidewire-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "secret");
  writeFileSync(file, `${secret}\n`);
  expect(tokensFor({ TIDEWIRE_TOKEN_SECRET_FILE: file })).toEqual({ secret });
});

test.each([
  ["at least 32 characters, got 5", { TIDEWIRE_TOKEN_SECRET: "short" }],
  ["expected one of them, got both", { TIDEWIRE_TOKEN_SECRET: secret, TIDEWIRE_JWKS_URL: jwksUrl }],
  ["begins with https://", { TIDEWIRE_JWKS_URL: "issuer.example" }],
  ["begins with https://", { TIDEWIRE_JWKS_URL: "http://issuer.example/keys" }],
  ["begins with https://", { TIDEWIRE_JWKS_URL: "file:///keys" }],
])("refuses: %s", (words, env) => {
  expect(() => tokensFor(env)).toThrow(words);
});

test("compression is off until it is switched on, by a word", () => {
  const compressionFor = (TIDEWIRE_COMPRESSION: string): boolean =>
    readSettings({}, { TIDEWIRE_COMPRESSION }).compression;
  expect([readSettings({}, {}).compression, ...["", "off", "on"].map(compressionFor)]).toEqual([
    false,
    false,
    false,
    true,
  ]);
  expect(() => compressionFor("yes")).toThrow('TIDEWIRE_COMPRESSION: expected on or off, got "yes"');
});
