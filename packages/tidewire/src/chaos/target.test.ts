import { describe, expect, it } from "vitest";
import { parseTarget } from "./target.ts";

describe("parseTarget", () => {
  it.each([
    ["ws://localhost:8080/connection/websocket?a=1", "localhost", 8080, "ws://127.0.0.1:9/connection/websocket?a=1"],
    ["ws://example.org/raw/lobby", "example.org", 80, "ws://127.0.0.1:9/raw/lobby"],
    ["http://localhost", "localhost", 80, "http://127.0.0.1:9/"],
    ["https://example.org", "example.org", 443, "https://127.0.0.1:9/"],
    ["tcp://10.0.0.1:4222", "10.0.0.1", 4222, "tcp://127.0.0.1:9"],
    ["redis://cache", "cache", 6379, "redis://127.0.0.1:9"],
    ["redis://me:secret@cache:7000/2", "cache", 7000, "redis://me:***@127.0.0.1:9/2"],
    ["localhost:8080", "localhost", 8080, "127.0.0.1:9"],
    ["[::1]:8080", "::1", 8080, "127.0.0.1:9"],
    ["ws://[::1]:8080/echo", "::1", 8080, "ws://127.0.0.1:9/echo"],
  ])("%s", (text, ...expected) => {
    const { host, port, through } = parseTarget(text);
    expect([host, port, through(9)]).toEqual(expected);
  });

  it.each(["", "localhost", "tcp://localhost", "localhost:0", "tcp://localhost:0"])("misses the port of %j", (text) => {
    expect(() => parseTarget(text)).toThrow(/^--to: expected .*, got/);
  });

  it.each(["ftp://localhost:21", "localhost:99999", "ws://", "://", "tcp://:80"])("refuses %j", (text) => {
    expect(() => parseTarget(text)).toThrow(/^--to: expected host:port or a URL of ws:\/\/, .*, got/);
  });

  it("shows no password", () => {
    expect(() => parseTarget("ftp://me:secret@cache")).not.toThrow("secret");
    expect(() => parseTarget("ftp://me:secret@cache")).toThrow("ftp://***@cache");
  });
});
