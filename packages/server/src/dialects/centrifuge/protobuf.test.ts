// The Protobuf form against byte vectors of the protocol, and against JSON on the same commands.
import { describe, expect, it } from "vitest";
import { defaultLimits } from "../../options.ts";
import { webSocketFraming } from "../../transports/framing.ts";
import { MalformedFrame } from "../dialect.ts";
import { decode } from "./decode.ts";
import { decodeProtobuf } from "./decode-protobuf.ts";
import type { Reply } from "../../session/reply.ts";
import { encodeEvent as encodeJsonEvent, encodeReply as encodeJsonReply } from "./encode.ts";
import { delimited, encodeEvent, encodeReply, protobufEncoder } from "./encode-protobuf.ts";
import { plainly } from "../../session/granted.ts";
import { decodeMessage, encodeMessage } from "./protobuf.ts";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hex = (given: Uint8Array | null): string => Buffer.from(given ?? []).toString("hex");
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
/** What was read, with the JSON that stands in its bytes. */
const asJson = (message: unknown): unknown =>
  JSON.parse(JSON.stringify(message, (_key, value: unknown) => (value instanceof Uint8Array ? parsed(value) : value)));
const parsed = (value: Uint8Array): unknown => JSON.parse(Buffer.from(value).toString()) as unknown;
const command = (message: Record<string, unknown>): Uint8Array => delimited(encodeMessage("Command", message));

describe("commands", () => {
  it("reads the vectors of the protocol", () => {
    expect(decodeProtobuf(bytes("00"), defaultLimits)).toEqual([{ kind: "pong" }]);
    expect(decodeProtobuf(bytes("04 08 01 22 00"), defaultLimits)).toMatchObject([
      { kind: "connect", id: 1, token: "" },
    ]);
    expect(decodeProtobuf(bytes("0a 08 02 2a 06 0a 04 6e 65 77 73"), defaultLimits)).toMatchObject([
      { kind: "subscribe", id: 2, channel: "news", seen: null },
    ]);
    const recovering = bytes("18 08 02 2a 14 0a 04 6e 65 77 73 18 01 32 04 61 62 63 64 38 07 50 01 70 01");
    expect(decodeProtobuf(recovering, defaultLimits)).toMatchObject([
      { kind: "subscribe", channel: "news", seen: { position: { epoch: "abcd", offset: 7 } } },
    ]);
  });

  it("takes a byte order mark for what it is: JSON does not begin with one", () => {
    const marked = command({ id: 1, publish: { channel: "c", data: text("\ufeff1") } });
    expect(decodeProtobuf(marked, defaultLimits)).toMatchObject([
      { payload: { form: "bytes", bytes: text("\ufeff1") } },
    ]);
  });

  it.each([
    ['{"id":1,"connect":{"token":"t","data":{"a":1}}}', { id: 1, connect: { token: "t", data: text('{"a":1}') } }],
    [
      '{"id":2,"subscribe":{"channel":"c","join_leave":true,"flag":2}}',
      { id: 2, subscribe: { channel: "c", join_leave: true, flag: 2 } },
    ],
    ['{"id":3,"unsubscribe":{"channel":"c"}}', { id: 3, unsubscribe: { channel: "c" } }],
    [
      '{"id":4,"publish":{"channel":"c","data":{"n":12345678901234567890}}}',
      { id: 4, publish: { channel: "c", data: text('{"n":12345678901234567890}') } },
    ],
    [
      '{"id":5,"history":{"channel":"c","limit":-1,"since":{"offset":3,"epoch":"e"},"reverse":true}}',
      { id: 5, history: { channel: "c", limit: -1, since: { offset: 3, epoch: "e" }, reverse: true } },
    ],
    ['{"id":6,"rpc":{"method":"sum","data":[1,2]}}', { id: 6, rpc: { method: "sum", data: text("[1,2]") } }],
    [
      '{"id":7,"rpc":{"method":"tide.pause","data":{"channel":"c"}}}',
      { id: 7, rpc: { method: "tide.pause", data: text('{"channel":"c"}') } },
    ],
    [
      '{"id":10,"connect":{"token":"t","subs":{"c":{"recover":true,"epoch":"e","offset":7},"d":{}}}}',
      { id: 10, connect: { token: "t", subs: { c: { recover: true, epoch: "e", offset: 7 }, d: {} } } },
    ],
    ['{"id":11,"subscribe":{"channel":"c","token":"t"}}', { id: 11, subscribe: { channel: "c", token: "t" } }],
    ['{"id":12,"refresh":{"token":"t"}}', { id: 12, refresh: { token: "t" } }],
    ['{"id":13,"sub_refresh":{"channel":"c","token":"t"}}', { id: 13, sub_refresh: { channel: "c", token: "t" } }],
    ['{"id":8,"presence":{"channel":"c"}}', { id: 8, presence: { channel: "c" } }],
    ['{"id":9,"presence_stats":{"channel":"c"}}', { id: 9, presence_stats: { channel: "c" } }],
  ])("means what JSON means: %s", (json, message) => {
    expect(decodeProtobuf(command(message), defaultLimits)).toEqual(decode(json, defaultLimits));
  });

  it("reads several commands of one message", () => {
    const frame = Buffer.concat([command({ id: 1, connect: {} }), command({ id: 2, subscribe: { channel: "c" } })]);
    expect(decodeProtobuf(frame, defaultLimits).map(({ kind }) => kind)).toEqual(["connect", "subscribe"]);
  });

  it("takes published bytes that are not JSON as binary data", () => {
    const [publish] = decodeProtobuf(
      command({ id: 1, publish: { channel: "c", data: bytes("ff fe") } }),
      defaultLimits,
    );
    expect(publish).toMatchObject({ kind: "publish", payload: { form: "bytes", bytes: bytes("ff fe") } });
  });

  it.each([
    ["a length without its command", "05 08 01"],
    ["a length without end", "ff ff ff ff ff ff"],
    ["bytes that are no message", "03 ff ff ff"],
    ["an unknown method", "02 08 01"],
    ["nothing", ""],
  ])("refuses %s", (_what, frame) => {
    expect(() => decodeProtobuf(bytes(frame), defaultLimits)).toThrow(MalformedFrame);
  });

  it("refuses one command too many, and JSON that is too deep", () => {
    const one = command({ id: 1, connect: {} });
    const limits = { ...defaultLimits, commandsPerFrame: 2 };
    expect(decodeProtobuf(Buffer.concat([one, one]), limits)).toHaveLength(2);
    expect(() => decodeProtobuf(Buffer.concat([one, one, one]), limits)).toThrow("at most 2 commands");
    const deep = text(`${"[".repeat(40)}${"]".repeat(40)}`);
    expect(() => decodeProtobuf(command({ id: 1, publish: { channel: "c", data: deep } }), defaultLimits)).toThrow(
      "deep",
    );
  });
});

describe("replies and pushes", () => {
  it("writes the vectors of the protocol", () => {
    expect(
      hex(
        encodeReply({
          kind: "subscribed",
          id: 2,
          channel: "news",
          position: null,
          wasRecovering: false,
          recovered: false,
          ttl: null,
          number: null,
          isPatched: false,
        }),
      ),
    ).toBe("0408023200");
    const position = { epoch: "abcd", offset: 7 };
    const subscribed = encodeReply({
      kind: "subscribed",
      id: 2,
      channel: "news",
      position,
      wasRecovering: false,
      recovered: false,
      ttl: null,
      number: null,
      isPatched: false,
    });
    expect(hex(subscribed)).toBe("100802320c180132046162636448075001");
  });

  it("writes a publication as the vector says, in a binary frame", () => {
    const publication = { id: "x", offset: 8, previous: null, data: text('{"a":1}'), form: "json", atMs: 0 } as const;
    const frame = protobufEncoder(webSocketFraming, { ...plainly, knowsIds: false }).publication(
      publication,
      { name: "news", json: '"news"', number: 1 },
      { epoch: "e", before: null },
    );
    expect(hex(frame)).toBe(`8216${"1522131204".concat("6e657773", "220b22077b2261223a317d3008")}`);
  });

  it("writes maps that are read again", () => {
    const members = [{ session: "s1", user: "u", info: { name: "Ann" } }];
    const reply = decodeMessage("Reply", encodeReply({ kind: "presence", id: 3, members }).subarray(1));
    expect(reply).toMatchObject({ id: 3, presence: { presence: { s1: { user: "u", client: "s1" } } } });
  });

  it("means what JSON means, in what tokens and the server's own subscriptions need", () => {
    const position = { epoch: "e", offset: 7 };
    const beginning = { wasRecovering: true, recovered: true, ttl: 60, number: 12, isPatched: true };
    const place = { channel: "c", position, ...beginning };
    const replies: readonly Reply[] = [
      { kind: "connected", id: 1, session: "s", data: 7, pingIntervalMs: 25_000, ttl: 600, subscriptions: [place] },
      { kind: "subscribed", id: 2, ...place },
      { kind: "refreshed", id: 3, session: "s", ttl: 600 },
      { kind: "subscription_refreshed", id: 4, ttl: 60 },
      { kind: "subscription_refreshed", id: 5, ttl: null },
      { kind: "presence", id: 6, members: [{ session: "s", user: "u", channelInfo: { a: 1 } }] },
    ];
    for (const reply of replies) {
      const said = decodeMessage("Reply", encodeReply(reply).subarray(1 + Number(encodeReply(reply).length > 128)));
      expect(asJson(said)).toEqual(JSON.parse(encodeJsonReply(reply)));
    }
    const { channel } = place;
    const events = [
      { kind: "subscribed", channel, position } as const,
      { kind: "subscribed", channel, position: null } as const,
    ];
    for (const event of events) {
      const said = decodeMessage("Reply", (encodeEvent(event) ?? new Uint8Array()).subarray(1));
      expect(asJson(said)).toEqual(JSON.parse(encodeJsonEvent(event) ?? ""));
    }
  });

  it("refuses an entry of a map that reads on behind its end, and gives a missing value no prototype", () => {
    expect(() => decodeMessage("ConnectRequest", bytes("32 02 0a 03 61 62 63"))).toThrow("ends inside a field");
    const { subs } = decodeMessage("ConnectRequest", bytes("1a 03 0a 01 61")) as { subs: Record<string, object> };
    expect(Object.getPrototypeOf(subs["a"])).toBeNull();
  });

  it("does not accept a field that the schema does not know", () => {
    expect(() => encodeMessage("Reply", { nope: 1 })).toThrow(TypeError);
  });
});

describe("keys of latest channels", () => {
  const plain = { ...webSocketFraming, wrap: (payload: Uint8Array) => payload };
  const publication = { id: "i", offset: 7, previous: null, data: text("null"), form: "json", atMs: 0 } as const;
  const pushed = (given: object): unknown => {
    const frame = protobufEncoder(plain, { ...plainly, knowsIds: false }).publication(
      { ...publication, ...given },
      { name: "t", json: '"t"', number: 1 },
      { epoch: "e", before: null },
    );
    const { push } = decodeMessage("Reply", (frame ?? new Uint8Array(0)).subarray(1));
    return (push as { readonly pub: unknown }).pub;
  };

  it("stand in fields of their own, and in tags", () => {
    expect(pushed({ key: "a", removed: true, tags: { b: "c" } })).toMatchObject({
      key: "a",
      removed: true,
      offset: 7,
      tags: { b: "c", "tide.key": "a", "tide.removed": "1" },
    });
    expect(pushed({ key: "a" })).toMatchObject({ key: "a", tags: { "tide.key": "a" } });
    expect(pushed({})).not.toHaveProperty("key");
  });
});
