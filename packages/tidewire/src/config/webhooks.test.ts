import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checkSettings, readSettings } from "../settings.ts";

const secretOf = (letter: string): string => `whsec_${Buffer.from(letter.repeat(32)).toString("base64")}`;

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), "tidewire-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  return folder;
}

function problemsOf(content: unknown): readonly string[] {
  const config = path.join(folderWith({ "c.json": JSON.stringify(content) }), "c.json");
  return checkSettings({ config }, {}).problems.map(({ where, what }) => `${where}: ${what}`);
}

test("endpoints of webhooks have their secrets in files of their own, and are checked", () => {
  const folder = folderWith({ one: `${secretOf("a")}\n`, short: `whsec_${"=".repeat(40)}` });
  const config = path.join(folder, "c.json");
  const one = { name: "one", url: "https://app.example/hook", secret_file: "one" };
  const local = { ...one, name: "two", url: "http://127.0.0.1:3000/", types: ["member.*"] };
  const may = { allow_http: true, allow_private: true };
  writeFileSync(config, JSON.stringify({ webhooks: [one, { ...local, ...may, old_secret_file: "one" }] }));
  expect(readSettings({ config }, {}).webhooks).toEqual([
    { name: "one", url: "https://app.example/hook", secret: secretOf("a"), allowsHttp: false, allowsPrivate: false },
    {
      name: "two",
      url: "http://127.0.0.1:3000/",
      secret: secretOf("a"),
      oldSecret: secretOf("a"),
      types: ["member.*"],
      allowsHttp: true,
      allowsPrivate: true,
    },
  ]);
  writeFileSync(
    config,
    JSON.stringify({ webhooks: [one, { ...one, secret_file: "short" }, local, { ...local, url: "https://[::1]/" }] }),
  );
  expect(checkSettings({ config }, {}).problems.map(({ where, what }) => `${where}: ${what}`)).toEqual([
    'webhooks[1].name: the name "one" was there before',
    'webhooks[1].secret_file: expected "whsec_" and 24 to 64 bytes in base64',
    "webhooks[2].url: expected https://, since http:// is not allowed for it",
    'webhooks[3].name: the name "two" was there before',
    "webhooks[3].url: expected a public address, since a private one is not allowed for it",
  ]);
});

test("what is missing is said, and that a secret is no word of the file", () => {
  const missing = ["name", "url", "secret_file"].map((name) => `webhooks[0].${name}: expected a text, got nothing`);
  expect(problemsOf({ webhooks: [{}] })).toEqual(missing);
  expect(problemsOf({ webhooks: [{ name: "a", url: "https://a.example", secret: "whsec_x" }] })).toEqual([
    "webhooks[0].secret: a secret stands in no configuration file; set webhooks[0].secret_file",
    "webhooks[0].secret_file: expected a text, got nothing",
  ]);
});
