// What the generator says in the Centrifuge protocol, read back from its frames, and what it makes of the answers.
import { expect, it } from "vitest";
import { type Speech, speechOf } from "./speech.ts";

const place = { epoch: "e", offset: 7 };

/** The commands of each frame that a client says first; its masks are zeros. RFC 6455 §5.2. */
function framesOf({ opening }: Speech): { id: number }[][] {
  const frames: { id: number }[][] = [];
  for (let left = opening ?? Buffer.alloc(0); left.length > 0;) {
    const short = (left[1] ?? 0) & 0x7f;
    const [head, length] = short === 126 ? [8, left.readUInt16BE(2)] : [6, short];
    const lines = left.toString("utf8", head, head + length).split("\n");
    frames.push(lines.map((line) => JSON.parse(line) as { id: number }));
    left = left.subarray(head + length);
  }
  return frames;
}

const reply = (...lines: readonly object[]): Buffer =>
  Buffer.from(lines.map((line) => JSON.stringify(line)).join("\n"));

it("subscribes to many channels in frames that a server takes, and is open when all of them are", () => {
  const channels = Array.from({ length: 128 }, (_, index) => `bench:${index}`);
  const speech = speechOf("centrifuge-json", { channels, recover: null, rate: null });
  const frames = framesOf(speech);
  expect(Math.max(...frames.map((commands) => commands.length))).toBeLessThanOrEqual(100);
  const commands = frames.flat();
  expect(new Set(commands.map(({ id }) => id)).size).toBe(129);
  expect(commands[0]).toEqual({ id: 1, connect: {} });
  expect(commands.slice(1).map((command) => (command as unknown as { subscribe: object }).subscribe)).toEqual(
    channels.map((channel) => ({ channel })),
  );
  const subscribed = commands.slice(1).map(({ id }) => ({ id, subscribe: {} }));
  expect(speech.hear(reply({ id: 1, connect: {} }, ...subscribed.slice(0, 127)))).toBeNull();
  expect(speech.hear(reply({ id: 129, subscribe: { epoch: "e", offset: 3 } }))).toEqual({
    position: { epoch: "e", offset: 3 },
    isRecovered: false,
  });
});

it("goes on from a position, at rest until it resumes, or looks at a rate", () => {
  const of = (recover: Parameters<typeof speechOf>[1]["recover"], rate: number | null): unknown =>
    framesOf(speechOf("centrifuge-json", { channels: ["a"], recover, rate })).flat()[1];
  expect(of({ ...place, isPaused: false }, null)).toEqual({
    id: 2,
    subscribe: { channel: "a", recover: true, ...place },
  });
  expect(of({ ...place, isPaused: true }, null)).toMatchObject({ subscribe: { tide: { paused: true } } });
  expect(of(null, 5)).toEqual({ id: 2, subscribe: { channel: "a", tide: { rate: 5 } } });
});

it("answers pings, passes over pushes, and throws what the server refuses", () => {
  const speech = speechOf("centrifuge-json", { channels: ["a"], recover: null, rate: null });
  expect(speech.hear(Buffer.from("{}"))).toEqual(Buffer.of(0x81, 0x82, 0, 0, 0, 0, 0x7b, 0x7d));
  expect(speech.hear(reply({ push: { channel: "a", pub: { data: 1 } } }))).toBeNull();
  expect(() => speech.hear(reply({ id: 2, error: { code: 103, message: "denied" } }))).toThrow("103 denied");
  expect(() => speech.hear(reply({ push: { channel: "a", unsubscribe: { code: 2500 } } }))).toThrow("2500");
});

it("on sse, asks in the address, opens by a reply in an event, and posts its pongs", () => {
  const speech = speechOf("centrifuge-sse", { channels: ["a b"], recover: null, rate: null });
  const asked = new URL(speech.path, "http://x").searchParams.get("cf_connect") ?? "";
  expect(asked.split("\n").map((line) => JSON.parse(line) as unknown)).toEqual([
    { id: 1, connect: {} },
    { id: 2, subscribe: { channel: "a b" } },
  ]);
  const event = (data: string): Buffer => Buffer.from(`retry: 1000\ndata: ${data}`);
  expect(speech.hear(event('{"id":1,"connect":{"session":"s","node":"n"}}'))).toBeNull();
  expect(speech.hear(event('{"id":2,"subscribe":{}}'))).toMatchObject({ isRecovered: false });
  const pong = speech.hear(event("{}"));
  expect(Buffer.isBuffer(pong) && pong.toString()).toMatch(
    /^POST \/emulation .*\{"session":"s","node":"n","data":"\{\}"\}$/s,
  );
  expect(() => speech.hear(event('{"id":2,"error":{"code":103,"message":"denied"}}'))).toThrow("103 denied");
});

it.each([
  ["uni-websocket", ""],
  ["uni-sse", "retry: 1000\ndata: "],
  ["uni-http-stream", ""],
] as const)("on %s, opens by the connect push, answers no ping, and throws how it is ended", (wire, before) => {
  const speech = speechOf(wire, { channels: ["a"], recover: null, rate: null });
  const asked = speech.posted ?? new URL(speech.path, "http://x").searchParams.get("cf_connect") ?? "";
  expect(JSON.parse(asked)).toEqual({ subs: { a: {} } });
  const hear = (text: string): unknown => speech.hear(Buffer.from(before + text));
  expect(hear("{}")).toBeNull();
  expect(hear('{"connect":{"subs":{"a":{}}}}')).toMatchObject({ isRecovered: false });
  expect(() => hear('{"disconnect":{"code":3001,"reason":"shutdown"}}')).toThrow("3001");
});

const single = ["bare", "centrifuge-protobuf", "raw", "sse", "socket.io", "centrifuge-sse", "uni-websocket"] as const;

it.each(single)("%s cannot say all of it", (wire) => {
  const plain = { channels: ["a"], recover: null, rate: null };
  expect(speechOf(wire, plain).path).toMatch(/^\//);
  expect(() => speechOf(wire, { ...plain, channels: ["a", "b"] })).toThrow(TypeError);
  expect(() => speechOf(wire, { ...plain, recover: { ...place, isPaused: true } })).toThrow(TypeError);
  expect(() => speechOf(wire, { ...plain, rate: 5 })).toThrow(TypeError);
});
