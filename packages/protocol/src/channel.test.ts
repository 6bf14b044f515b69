// Channel and call definitions: defaults, and what is refused when they are written.
import { describe, expect, test } from "vitest";
import { defineCall } from "./call.ts";
import { defineChannel } from "./channel.ts";
import { describeIssues, type StandardSchema } from "./standard-schema.ts";

const schema: StandardSchema<string> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: String(value) }) },
};

describe("a channel", () => {
  test("has a rate for its clients' publishes where it says so, and none that is no rate", () => {
    expect(defineChannel("a").publishRate).toBeNull();
    expect(defineChannel("a", { publishRate: { perSecond: 2.5 } }).publishRate).toEqual({ perSecond: 2.5, burst: 3 });
    for (const publishRate of [{ perSecond: 0 }, { perSecond: Infinity }, { perSecond: 1, burst: 0.5 }]) {
      expect(() => defineChannel("a", { publishRate })).toThrow(RangeError);
    }
  });

  test("is a stream of a hundred publications in five minutes where nothing else is said", () => {
    expect(defineChannel("news")).toMatchObject({
      pattern: "news",
      mode: "stream",
      history: { size: 100, ttlMs: 300_000 },
      presence: false,
      publishers: "clients",
      carries: "json",
      dataSchema: null,
      infoSchema: null,
    });
  });

  test("keeps what it was given", () => {
    const channel = defineChannel("chat:{room}", {
      data: schema,
      history: { size: 5, ttlMs: 1_000 },
      presence: schema,
      publishers: "server",
    });
    expect(channel).toMatchObject({ history: { size: 5, ttlMs: 1_000 }, presence: true, publishers: "server" });
    expect(channel.dataSchema).toBe(schema);
    expect(channel.infoSchema).toBe(schema);
    expect(channel.name({ room: "a" })).toBe("chat:a");
    expect({ ...channel.match("chat:b") }).toEqual({ room: "b" });
    expect(channel.match("news")).toBeNull();
  });

  test("that is a signal keeps nothing", () => {
    expect(defineChannel("typing", { mode: "signal", presence: true })).toMatchObject({
      history: null,
      presence: true,
      infoSchema: null,
    });
    expect(() => defineChannel("typing", { mode: "signal", history: { size: 1, ttlMs: 1_000 } })).toThrow(TypeError);
  });

  test("that is latest has a key, and keeps 10,000 of them and removals for five minutes", () => {
    const quotes = defineChannel("market:{venue}", { data: schema, mode: "latest", key: (text) => text.slice(0, 3) });
    expect(quotes).toMatchObject({ mode: "latest", history: { size: 10_000, ttlMs: 300_000 } });
    expect(quotes.key?.("abcdef")).toBe("abc");
    const short = defineChannel("q", { mode: "latest", key: String, history: { ttlMs: 1_000 } });
    expect(short.history).toEqual({ size: 10_000, ttlMs: 1_000 });
    expect(defineChannel("news").key).toBeNull();
    const unchecked = defineChannel as (pattern: string, options: object) => unknown;
    expect(() => unchecked("q", { mode: "latest" })).toThrow(TypeError);
    expect(() => unchecked("q", { key: String })).toThrow(TypeError);
    expect(() => unchecked("q", { mode: "latest", key: String, history: { size: 5, ttlMs: 1_000 } })).toThrow(
      TypeError,
    );
    expect(() => unchecked("q", { mode: "latest", key: String, history: { ttlMs: 5 } })).toThrow(RangeError);
  });

  test.each([
    [{ size: 0, ttlMs: 1_000 }],
    [{ size: 1.5, ttlMs: 1_000 }],
    [{ size: 1_000_001, ttlMs: 1_000 }],
    [{ size: Number.NaN, ttlMs: 1_000 }],
    [{ size: 1, ttlMs: 999 }],
    [{ size: 1, ttlMs: Infinity }],
  ])("does not keep %j", (history) => {
    expect(() => defineChannel("news", { history })).toThrow(RangeError);
  });
});

describe("the recovery mode", () => {
  test("is a stream's alone", () => {
    expect(defineChannel("a").recovery).toBe("stream");
    expect(defineChannel("a", { recovery: "cache" }).recovery).toBe("cache");
    expect(() => defineChannel("a", { mode: "signal", recovery: "cache" })).toThrow(TypeError);
  });
});

describe("announcing members", () => {
  test("is off unless asked for, and needs presence", () => {
    expect(defineChannel("a", { presence: true }).announcesMembers).toBe(false);
    expect(defineChannel("a", { presence: true, announceMembers: true }).announcesMembers).toBe(true);
    expect(() => defineChannel("a", { announceMembers: true })).toThrow(TypeError);
  });
});

describe("a call", () => {
  test.each(["sum", "chat.rename", "a_b-C9", "x".repeat(64)])("may be named %j", (method) => {
    expect(defineCall(method)).toEqual({ method, inputSchema: null, outputSchema: null });
  });

  test.each(["", "a b", "tide.publish", "x".repeat(65), "größe", "a\n"])("may not be named %j", (method) => {
    expect(() => defineCall(method)).toThrow(TypeError);
  });
});

describe("issues of a schema", () => {
  test.each([
    [[], "does not match its schema"],
    [[{ message: "is no text" }], "is no text"],
    [
      [{ message: "too long", path: ["lines", 3, { key: "text" }] }, { message: "b" }],
      "lines.3.text: too long (and 1 more)",
    ],
  ])("%j are told in one sentence", (issues, sentence) => {
    expect(describeIssues(issues)).toBe(sentence);
  });
});

test("carries bytes where it says so, but not by keys", () => {
  expect(defineChannel("files", { data: "bytes" })).toMatchObject({ carries: "bytes", dataSchema: null });
  expect(defineChannel("frames", { data: "bytes", mode: "signal" })).toMatchObject({ carries: "bytes" });
  expect(() => defineChannel("t", { data: "bytes", mode: "latest", key: () => "k" })).toThrow("bytes have none");
});
