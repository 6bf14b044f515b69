// Decoding: a bad message says what was expected and what came, and nothing that comes in is a crash.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultLimits } from "../../options.ts";
import { MalformedFrame } from "../dialect.ts";
import { decode } from "./decode.ts";

const first = (line: string): unknown => decode(line, defaultLimits)[0];

describe("decode", () => {
  it.each([
    ["", "expected a command, got an empty frame"],
    ["\n\n", "expected a command, got an empty frame"],
    ["hello", 'expected JSON, got "hello"'],
    ["[]", "a command: expected an object, got []"],
    ['{"id":-1}', "id: expected an unsigned 32-bit integer, got -1"],
    ['{"id":"1"}', 'id: expected an unsigned 32-bit integer, got "1"'],
    ['{"id":4294967296}', "id: expected an unsigned 32-bit integer, got 4294967296"],
    ['{"id":1,"fly":{},"ping":{}}', 'expected a known method, got "fly, ping"'],
    ['{"id":1,"connect":7}', "connect: expected an object, got 7"],
    ['{"id":1,"connect":{"token":7}}', "token: expected a text, got 7"],
    ['{"id":1,"subscribe":{}}', "channel: expected a name, got none"],
    ['{"id":1,"rpc":{"method":{}}}', "method: expected a text, got {}"],
    ['{"id":1,"rpc":{"method":"tide.pause","data":[]}}', "tide.pause's data: expected an object, got []"],
  ])("refuses %j", (line, message) => {
    expect(() => decode(line, defaultLimits)).toThrow(new MalformedFrame(message));
  });

  it.each([
    [
      '{"id":1,"subscribe":{"channel":"c","recover":true,"offset":"7"}}',
      'a non-negative integer as offset, got nothing and "7"',
    ],
    ['{"id":1,"history":{"channel":"c","since":{"offset":1,"epoch":2}}}', "expected a text as epoch"],
    ['{"id":1,"rpc":{"method":"tide.pause","data":{}}}', "tide.pause: expected a channel name, got nothing"],
    ['{"id":1,"rpc":{"method":"tide.publish","data":{"channel":"c"}}}', "tide.publish: expected data, got none"],
    [
      '{"id":1,"rpc":{"method":"tide.publish","data":{"channel":"c","data":1,"key":""}}}',
      "a key of 1 to 64 characters",
    ],
  ])("answers %j with an error", (line, message) => {
    expect(first(line)).toMatchObject({ kind: "invalid", id: 1, error: { code: 107 } });
    expect((first(line) as { error: Error }).error.message).toContain(message);
  });

  it("takes the first method in the protocol's order, zero values as absent, and ignores what it does not know", () => {
    expect(first('{"rpc":{},"publish":{"channel":"c","data":null},"id":1,"more":[1]}')).toMatchObject({
      kind: "publish",
    });
    expect(first('{"id":1,"subscribe":{"channel":"c","recover":true,"new":{}}}')).toMatchObject({
      seen: { position: { epoch: "", offset: 0 }, id: null },
      wantsMembers: false,
      mustRecover: false,
    });
    expect(first('{"id":1,"subscribe":{"channel":"c","offset":7,"epoch":"e"}}')).toMatchObject({ seen: null });
    expect(first('{"id":1,"connect":{}}')).toMatchObject({ token: "", speaksTide: false });
    expect(first('{"id":1,"connect":{"tide":1}}')).toMatchObject({ speaksTide: true, windowBytes: null });
    expect(first('{"id":1,"connect":{"tide":{"window":4096}}}')).toMatchObject({
      speaksTide: true,
      windowBytes: 4_096,
    });
    expect(first('{"id":1,"connect":{},"mark":7}')).toMatchObject({ kind: "connect", windowBytes: null });
    expect(first('{"mark":7}')).toEqual({ kind: "mark", at: 7 });
    expect(first("{}")).toEqual({ kind: "pong" });
    expect(first('{"send":{"data":1}}')).toEqual({ kind: "send" });
  });

  it("takes several commands, a trailing line feed, and reads them in order", () => {
    const frame = '{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"c"}}\r\n{}\n';
    expect(decode(frame, defaultLimits).map(({ kind }) => kind)).toEqual(["connect", "subscribe", "pong"]);
  });

  it("answers anything with commands or a MalformedFrame", () => {
    const key = fc.constantFrom(
      "id",
      "connect",
      "subscribe",
      "publish",
      "rpc",
      "history",
      "channel",
      "data",
      "method",
      "since",
    );
    const value = fc.letrec<{ any: unknown; object: unknown }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, 1, -1, "", "c", "tide.publish", true, 1e308),
        tie("object"),
        fc.array(tie("any"), { maxLength: 3 }),
      ),
      object: fc.dictionary(key, tie("any"), { maxKeys: 4 }),
    }));
    fc.assert(
      fc.property(fc.oneof(value.object, value.any), fc.nat(3), (given, cutBy) => {
        const text = JSON.stringify(given);
        try {
          decode(cutBy === 1 ? text.slice(0, -1) : text, defaultLimits);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MalformedFrame);
          expect((thrown as Error).message).toMatch(/expected .* got |is not allowed/s);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
