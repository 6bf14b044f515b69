// The configuration: what is read from where, and every mistake told at once, with its place and without secrets.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { defaultLimits } from "@tidewire/server";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { checkSettings, type Flags, readSettings, type Settings } from "../settings.ts";
import { durationOf, durationText } from "./duration.ts";
import { envNames, strangeNames } from "./env-names.ts";
import { configExample } from "./example.ts";
import { parseCommented } from "./json-text.ts";
import { nearest } from "./nearest.ts";
import { configSchema } from "./schema.ts";

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), "tidewire-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  return folder;
}

const written = (content: unknown): string => (typeof content === "string" ? content : JSON.stringify(content));

function settingsOf(content: unknown, env: Record<string, string> = {}, flags: Flags = {}): Settings {
  const config = path.join(folderWith({ "c.json": written(content) }), "c.json");
  return readSettings({ config, ...flags }, env);
}

function problemsOf(content: unknown, env: Record<string, string> = {}): readonly string[] {
  const config = path.join(folderWith({ "c.json": written(content) }), "c.json");
  return checkSettings({ config }, env).problems.map(({ where, what }) => `${where}: ${what}`);
}

describe("where a setting comes from", () => {
  const content = { http_server: { port: 1 }, data: "from-file" };

  test("flags stand before the environment, that before the file, and that before the default", () => {
    expect(settingsOf({}).port).toBe(8_080);
    expect(settingsOf(content).port).toBe(1);
    expect(settingsOf(content, { PORT: "2" }).port).toBe(2);
    expect(settingsOf(content, { PORT: "2" }, { port: "3" }).port).toBe(3);
    expect(settingsOf(content, { PORT: "" }).port).toBe(1);
  });

  test("a node that shares its engine has a name, its machine's and port unless it is given one", () => {
    const shared = { engine: { type: "redis://localhost" }, http_server: { port: 81 } };
    expect([settingsOf({}).nodeName, settingsOf(shared).nodeName]).toEqual([null, `${hostname()}:81`]);
    expect(settingsOf(shared, { TIDEWIRE_NODE: "one" }).nodeName).toBe("one");
    expect(settingsOf({ node: { name: "two" } }).nodeName).toBe("two");
  });

  test("each has a name in the environment, also those that nobody named", () => {
    const env = {
      TIDEWIRE_CLIENT_TOKEN_AUDIENCE: "us",
      TIDEWIRE_TOKEN_SECRET: "x".repeat(32),
      TIDEWIRE_LIMITS_PING_INTERVAL: "5s",
      TIDEWIRE_ORIGINS: "https://a.example, https://b.example",
      TIDEWIRE_CHANNEL_PATTERNS: '[{"pattern":"news","history_ttl":"1h"}]',
    };
    const { tokens, limits, origins, channels } = settingsOf({}, env);
    expect(tokens).toEqual({ secret: "x".repeat(32), audience: "us" });
    expect(limits).toEqual({ pingIntervalMs: 5_000 });
    expect(origins).toEqual(["https://a.example", "https://b.example"]);
    expect(channels[0]).toMatchObject({ pattern: "news", history: { size: 100, ttlMs: 3_600_000 } });
    expect(new Set(envNames()).size).toBe(envNames().length);
  });

  test("a path in the file goes on from the file, another from where the program was started", () => {
    const folder = folderWith({ "c.json": JSON.stringify(content), key: `${"k".repeat(20)}\n` });
    const config = path.join(folder, "c.json");
    expect(readSettings({ config }, {}).dataFolder).toBe(path.join(folder, "from-file"));
    expect(readSettings({ config, data: "here" }, {}).dataFolder).toBe(path.resolve("here"));
    writeFileSync(config, '{"http_api":{"key_file":"key"}}');
    expect(readSettings({ config }, {}).apiKey).toBe("k".repeat(20));
  });

  test("a file that is named has to be there", () => {
    expect(() => readSettings({ config: "/none/such.json" }, {})).toThrow("there is no file /none/such.json");
    expect(() => readSettings({}, { TIDEWIRE_CONFIG: "/none/other.json" })).toThrow("there is no file");
  });
});

describe("mistakes", () => {
  test.each<[string, unknown, readonly string[]]>([
    ["an unknown name", { http_servr: {} }, ["http_servr: there is no such setting; is it http_server?"]],
    ["a name like no other", { zzzzzz: 1 }, ["zzzzzz: there is no such setting"]],
    [
      "names of the prototype",
      '{"__proto__":{},"constructor":1}',
      ["__proto__: there is no such setting", "constructor: there is no such setting"],
    ],
    ["no object", [], ["the file: expected an object, got []"]],
    ["a group that is none", { client: 3 }, ["client: expected an object, got 3"]],
    ["null", { http_server: { port: null } }, ["http_server.port: expected an integer from 0 to 65535, got null"]],
    [
      "a port beyond",
      { http_server: { port: 65_536 } },
      ["http_server.port: expected an integer from 0 to 65535, got 65536"],
    ],
    [
      "a duration as a number",
      { limits: { stalled: 60 } },
      ['limits.stalled: expected a duration such as "25s", got 60'],
    ],
    [
      "no limit",
      { limits: { message_bytes: 0 } },
      [`limits.message_bytes: expected an integer from 1 to ${Number.MAX_SAFE_INTEGER}, got 0`],
    ],
    [
      "a list of numbers",
      { client: { allowed_origins: [1] } },
      ["client.allowed_origins: expected a list of texts, got [1]"],
    ],
    [
      "a mode that is none",
      { channel: { patterns: [{ pattern: "a", mode: "x" }] } },
      ['channel.patterns[0].mode: expected one of stream, signal, latest, got "x"'],
    ],
    [
      "a malformed pattern",
      { channel: { patterns: [{ pattern: "a{" }] } },
      ['channel.patterns[0]: a parameter of a channel pattern reads {name}, got "a{"'],
    ],
    [
      "a pattern twice",
      { channel: { patterns: [{ pattern: "a" }, { pattern: "a" }] } },
      ['channel.patterns[1]: the pattern "a" was there before'],
    ],
    ["no pattern", { channel: { patterns: [{}] } }, ["channel.patterns[0].pattern: expected a text, got nothing"]],
    [
      "members announced that are not known",
      { channel: { patterns: [{ pattern: "a", force_push_join_leave: true }] } },
      ['channel.patterns[0]: "a": members are announced where they are known; set presence, or leave it out'],
    ],
    [
      "a key where there are none",
      { channel: { patterns: [{ pattern: "a", key: "k" }] } },
      ["channel.patterns[0]: a stream channel has no key; leave it out"],
    ],
    [
      "a proxy that is nowhere",
      { channel: { patterns: [{ pattern: "a", subscribe_proxy_enabled: true }] } },
      ["channel.patterns[0].subscribe_proxy_enabled: expected an endpoint in channel.proxy.subscribe, got none"],
    ],
    [
      "an endpoint that is none",
      { rpc: { proxy: { endpoint: "file:///x" } } },
      ["rpc.proxy.endpoint: expected an address that begins with http:// or https://"],
    ],
    [
      "a private key",
      { client: { token: { public_key_file: "/none" } } },
      ["client.token.public_key_file: there is no file /none"],
    ],
    [
      "a header that is not passed on",
      { rpc: { proxy: { endpoint: "http://localhost/", http_headers: ["Host"] } } },
      ["the server refuses: proxy.rpc: the header Host is not passed on"],
    ],
    [
      "a NATS that is said to be durable",
      { engine: { type: "nats://localhost", durable: true } },
      ["engine.durable: expected nothing with NATS, whose streams themselves say what they are, got on"],
    ],
    [
      "a Redis behind Sentinels that is said to be durable",
      { engine: { type: "redis+sentinel://one,two/tides", durable: true } },
      ["engine.durable: expected nothing with Sentinels, since a replica that takes over may have less, got on"],
    ],
  ])("%s", (_what, content, expected) => {
    expect(problemsOf(content)).toEqual(expected);
  });

  test("all of them are told at once, by whoever they came from", () => {
    const env = { PORT: "x", TIDEWIRE_COMPRESSION: "yes", TIDEWIRE_LIMITS_DRAIN: "1 s" };
    expect(problemsOf({ data: 1, engine: { type: "redis://:word@" } }, env)).toEqual([
      'PORT: expected an integer from 0 to 65535, got "x"',
      "data: expected a path, got 1",
      "engine.type: expected sqlite, memory or an address such as redis://host:6379 or nats://host:4222, or rediss:// or tls:// with TLS, " +
        'got "redis://…@"',
      'TIDEWIRE_COMPRESSION: expected on or off, got "yes"',
      'TIDEWIRE_LIMITS_DRAIN: expected a duration such as "25s", got "1 s"',
    ]);
  });

  test("nothing that a file or the environment says breaks the reading", () => {
    const file = path.join(folderWith({ "c.json": "" }), "c.json");
    const names = envNames().filter((name) => !name.endsWith("_FILE") && name !== "TIDEWIRE_CONFIG");
    const places = [
      "channel",
      "patterns",
      "pattern",
      "client",
      "token",
      "http",
      "static_headers",
      "limits",
      "proxy",
      "mode",
      "key",
    ];
    const tree = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "medium" },
        fc.jsonValue({ maxDepth: 1 }),
        tie("object"),
        fc.array(tie("value"), { maxLength: 3 }),
      ),
      object: fc.dictionary(fc.oneof(fc.constantFrom(...places), fc.string()), tie("value"), { maxKeys: 4 }),
    })).object;
    const env = fc.dictionary(fc.constantFrom(...names), fc.string({ unit: "binary" }), { maxKeys: 4 });
    fc.assert(
      fc.property(tree, env, (content, variables) => {
        writeFileSync(file, JSON.stringify(content));
        for (const { where, what } of checkSettings({ config: file }, variables).problems) {
          expect([where.length > 0, what.length > 0]).toEqual([true, true]);
          expect(where + what).not.toMatch(/\p{Cc}/u);
        }
      }),
    );
  });

  test("no secret is in what they say, wherever somebody has put it", () => {
    const canary = "canary-b1946ac92492d2347c6235b4d2611184";
    const folder = folderWith({ short: canary.slice(0, 12) });
    const contents = [
      { http_api: { key: canary } },
      { http_api: canary },
      { client: { token: { hmac_secret_key: canary, secret: canary } } },
      { client: { token: { hmac_secret_key_file: path.join(folder, "short") } } },
      { [canary.slice(0, 3)]: canary },
      `{"http_api": {"key": ${canary}}}`,
      `{"http_api": {"key": "${canary}}`,
    ];
    for (const content of contents.slice(1, 2)) expect(problemsOf(content)).toHaveLength(1);
    for (const content of [contents[0], ...contents.slice(2)]) {
      let said = "";
      try {
        said = problemsOf(content).join();
      } catch (thrown) {
        said = String(thrown);
      }
      expect(said).not.toBe("");
      expect(said).not.toContain(canary.slice(0, 8));
    }
  });
});

describe("channels and keys", () => {
  test("production has channels, and rules for who may use them", () => {
    const settings = settingsOf(
      {
        channel: {
          patterns: [
            { pattern: "chat:{room}", history_size: 5, presence: true },
            { pattern: "open", allow_publish_for_client: true },
          ],
        },
      },
      { NODE_ENV: "production", TIDEWIRE_API_KEY: "0123456789abcdef" },
    );
    expect(settings.channels).toMatchObject([
      { pattern: "chat:{room}", history: { size: 5, ttlMs: 300_000 }, presence: true, publishers: "server" },
      { pattern: "open", publishers: "clients" },
    ]);
  });

  test("by a public key; a private one is refused, although a public one could be made of it", () => {
    const folder = folderWith({ "private.pem": "-----BEGIN PRIVATE KEY-----\n".padEnd(100, "M") });
    const content = { client: { token: { public_key_file: path.join(folder, "private.pem") } } };
    expect(problemsOf(content)).toEqual([
      "client.token.public_key_file: expected a public key as PEM: RSA, P-256 to P-521 or Ed25519",
    ]);
  });
});

describe("what is made of the table", () => {
  test("the example passes, names every setting, and says the defaults", () => {
    const folder = folderWith({ "e.jsonc": configExample() });
    const { settings, problems } = checkSettings({ config: path.join(folder, "e.jsonc") }, {});
    expect(problems).toEqual([]);
    const plain = checkSettings({ config: path.join(folderWith({ "c.json": "{}" }), "c.json") }, {}).settings;
    const differing = Object.keys(plain).filter((key) => !["file", "dataFolder", "channels", "access"].includes(key));
    for (const key of differing as (keyof Settings)[]) expect([key, settings[key]]).toEqual([key, plain[key]]);
    for (const name of envNames().slice(1)) if (!name.endsWith("_PATTERNS")) expect(configExample()).toContain(name);
  });

  test("uncommented, what it has in comments passes too, but for files and keys that are not there", () => {
    const all = configExample().replaceAll(/^( *)\/\/ ("\w+": )/gm, "$1$2");
    const kinds = problemsOf(all).map((problem) => problem.replace(/^[^:]*: /, "").replace(/ \/.*$/, ""));
    expect([...new Set(kinds)]).toEqual(["there is no file"]);
  });

  test("the published schema is the table's", () => {
    const published = readFileSync(path.join(import.meta.dirname, "../../config.schema.json"), "utf8");
    // npm run tidewire -- config --schema > packages/tidewire/config.schema.json
    expect(JSON.parse(published)).toEqual(JSON.parse(JSON.stringify(configSchema())));
  });

  test.each([
    ["docs/standalone.md", ["chat:{room}", "prices", "orders:{id}"]],
    ["docs/from-centrifugo.md", ["chat:{room}", "status:{device}"]],
  ])("the configuration in %s is good, in production", (document, patterns) => {
    const page = readFileSync(path.join(import.meta.dirname, "../../../..", document), "utf8");
    const [, text = ""] = /```jsonc\n([\s\S]*?)```/.exec(page) ?? [];
    const folder = folderWith({ api: "a".repeat(16), token: "t".repeat(32) });
    const { channels, tokens } = settingsOf(text.replaceAll("/run/secrets", folder), { NODE_ENV: "production" });
    expect(channels.map(({ pattern }) => pattern)).toEqual(patterns);
    expect(tokens).toEqual({ secret: "t".repeat(32) });
  });

  test("every limit of the server is one", () => {
    const { properties } = configSchema() as { properties: Record<string, { properties: object }> };
    expect(Object.keys(properties["limits"]?.properties ?? {})).toHaveLength(Object.keys(defaultLimits).length);
  });
});

describe("JSON with comments", () => {
  const noise = fc.constantFrom("", " ", "\n", '// a "comment", with {braces}\n', "/* , */", "/* // \n */ ");

  test("is the JSON it would be without", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.infiniteStream(noise), fc.boolean(), (value, between, isTrailing) => {
        const pieces = JSON.stringify(value).match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^"[\]{},:]+/g) ?? [];
        const text = pieces
          .map((piece, index) => {
            const isEmpty = ["[", "{"].includes(pieces[index - 1] ?? "");
            const comma = isTrailing && !isEmpty && (piece === "]" || piece === "}") ? "," : "";
            return `${between.next().value}${comma}${between.next().value}${piece}`;
          })
          .join("");
        expect(parseCommented(`${text}${between.next().value}`)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test.each([
    ['{"a": 1,, "b": 2}', "expected a name in quotes at line 1, column 9"],
    ['{\n  // one\n  "a": x\n}', "expected a value at line 3, column 8"],
    ["{", "expected a name in quotes at line 1, column 2"],
    ["[,]", "expected a value at line 1, column 2"],
    ["", "expected a value at line 1, column 1"],
    ["1 2", "expected the end of the file at line 1, column 3"],
    ["[1 2]", 'expected "," or "]" at line 1, column 4'],
    ['{"a" 1}', 'expected ":" at line 1, column 6'],
    ['{"a": 1, "b": 2, "a": 3}', "expected a name that was not there before at line 1, column 18"],
    ["[01]", "expected a value at line 1, column 2"],
    ["[1.]", "expected a value"],
    ['["\\x"]', "expected a value"],
    ["/* 1", "expected a value"],
    ["[".repeat(33), "expected at most 32 levels at line 1, column 33"],
  ])("%j is none", (text, where) => {
    expect(() => parseCommented(text)).toThrow(where);
  });
});

test("durations are read as they are written", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_147_483_647 }), (ms) => {
      const text = durationText(ms);
      // What has no larger unit may need more digits than one writes.
      if (/^\d{1,9}[a-z]/.test(text)) expect(durationOf(text)).toBe(ms);
    }),
  );
  expect(["0s", "5", "1d", "-1s", "1.5s", "999999999h", "", " 1s"].map(durationOf)).toEqual(
    Array.from({ length: 8 }, () => undefined),
  );
});

test("a mistyped name finds its neighbour, and nothing else", () => {
  expect(nearest("histroy_ttl", ["history_ttl", "history_size"])).toBe("history_ttl");
  expect(nearest("presance", ["presence"])).toBe("presence");
  expect(nearest("mdoe", ["mdxx", "mode"])).toBe("mode");
  expect(nearest("x", ["presence", "mode"])).toBeNull();
  expect(strangeNames(["PATH", "TIDEWIRE_TOKEN_SECRT", "TIDEWIRE_TOKEN_SECRET_FILE", "TIDEWIRE_QQQQQQ"])).toEqual([
    "TIDEWIRE_TOKEN_SECRT is no setting of the server; is it TIDEWIRE_TOKEN_SECRET?",
    "TIDEWIRE_QQQQQQ is no setting of the server",
  ]);
});
