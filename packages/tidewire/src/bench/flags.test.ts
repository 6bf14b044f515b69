// The flags of `tidewire bench`: what they come to, and what is refused.
import { describe, expect, it } from "vitest";
import { readBenchFlags } from "./flags.ts";

const url = "ws://localhost:8080";

describe("the flags of tidewire bench", () => {
  it("without a URL mean a server of its own, and two loads", () => {
    const settings = readBenchFlags(undefined, {});
    expect(settings).toMatchObject({ remote: null, wire: "centrifuge-json", path: null, subscribers: 1_000 });
    expect(settings.loads.map(({ rate, burst }) => [rate, burst])).toEqual([
      [100, 1],
      [1_000, 10],
    ]);
  });

  it("take the wire from the URL's path, and say how to publish", () => {
    const of = (given: string, flags = {}): unknown[] => {
      const { wire, path, remote } = readBenchFlags(given, flags);
      return [wire, path, remote?.by];
    };
    expect(of(url)).toEqual(["centrifuge-json", "/connection/websocket", "centrifuge"]);
    expect(of(`${url}/connection/websocket?a=b`)).toEqual([
      "centrifuge-json",
      "/connection/websocket?a=b",
      "centrifuge",
    ]);
    expect(of(`${url}/chat`)).toEqual(["bare", "/chat", "message"]);
    expect(of(url, { wire: "plain" })).toEqual(["bare", "/", "message"]);
    expect(of(url, { wire: "sse", channel: "a b" })).toEqual(["sse", "/raw/a%20b", "post"]);
    expect(of(url, { apiKey: "k" })).toEqual(["centrifuge-json", "/connection/websocket", "api"]);
  });

  it.each([
    ["localhost:80", {}, "expected a URL that begins with ws://"],
    ["wss://localhost", {}, "expected a URL that begins with ws://"],
    [undefined, { wire: "socket" }, '--wire: expected json, protobuf, sse or plain, got "socket"'],
    [undefined, { wire: "constructor" }, "--wire: expected json"],
    [undefined, { wire: "plain" }, "--wire: plain is for a server with a URL"],
    [undefined, { rate: "0" }, '--rate: expected a positive integer, got "0"'],
    [undefined, { bytes: "40" }, "--bytes: expected 56 to 60000, got 40"],
  ])("refuse %s %o", (given, flags, words) => {
    expect(() => readBenchFlags(given, flags)).toThrow(words);
  });
});
