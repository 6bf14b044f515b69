// Event framing, read back by a parser written from the specification: nothing in a value gets out of its field.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventParser } from "../testing/event-parser.ts";
import { eventFraming } from "./event-framing.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function parsed(frames: readonly Uint8Array[]): EventParser {
  const parser = new EventParser();
  for (const frame of frames) parser.feed(frame);
  return parser;
}

/** Texts made of what ends lines, ends fields, and what only looks like it. */
const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "\r",
        "\n",
        "\r\n",
        "\0",
        "\u2028",
        "\u2029",
        "\u0085",
        ":",
        " ",
        "data: ",
        "id: 1",
        "event:",
        "retry: 9",
      ),
      fc.string({ unit: "binary" }).map((text) => text.toWellFormed()),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(""));
/** The format has one end of line. */
const asLines = (text: string): string => text.replace(/\r\n|\r/g, "\n");
const withoutEnds = (text: string): string => text.replace(/[\0\r\n]/g, "");
/** At the start of a stream alone it would be taken for a byte order mark, and ours begins with a field. */
const first = encode(":\n\n");

describe("the framing of events", () => {
  it("parse(encode(x)) = x, whatever x is made of, and nothing else comes of it", () => {
    fc.assert(
      fc.property(fc.record({ data: nasty, id: nasty, name: nasty, retryMs: fc.nat(100_000) }), (event) => {
        const { data, id, name, retryMs } = event;
        const { events, lastEventId, ...parser } = parsed([
          first,
          eventFraming.event(event),
          eventFraming.event({ data: "after", name: "" }),
        ]);
        const type = withoutEnds(name) || "message";
        expect(events).toEqual([
          { type, data: asLines(data), lastEventId: withoutEnds(id) },
          { type: "message", data: "after", lastEventId: withoutEnds(id) },
        ]);
        expect([lastEventId, parser.retryMs]).toEqual([withoutEnds(id), retryMs]);
      }),
      { numRuns: 2_000 },
    );
  });

  it("a message is its payload, however it is cut on its way", () => {
    fc.assert(
      fc.property(fc.array(nasty, { maxLength: 5 }), fc.integer({ min: 1, max: 7 }), (texts, cut) => {
        const bytes = Buffer.concat([first, ...texts.map((text) => eventFraming.wrap(encode(text), "text"))]);
        const pieces = Array.from({ length: Math.ceil(bytes.length / cut) }, (_, at) =>
          bytes.subarray(at * cut, (at + 1) * cut),
        );
        expect(parsed(pieces).events.map(({ type, data }) => [type, data])).toEqual(
          texts.map((text) => ["message", asLines(text)]),
        );
      }),
    );
  });

  it("binary is base64 under a name of its own", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (payload) => {
        const [event] = parsed([eventFraming.wrap(payload, "bytes")]).events;
        // An empty data field is said, unlike none.
        expect(event?.type).toBe("binary");
        expect(Buffer.from(event?.data ?? "", "base64")).toEqual(Buffer.from(payload));
      }),
    );
  });

  it("an event without data moves the id on, and is heard by nobody", () => {
    const { events, lastEventId, retryMs } = parsed([eventFraming.event({ id: "e:7", retryMs: 1_234.5 })]);
    expect([events, lastEventId, retryMs]).toEqual([[], "e:7", 1_235]);
  });

  it("a ping is a comment", () => {
    expect(parsed([eventFraming.ping, eventFraming.ping])).toMatchObject({ comments: 2, events: [], lastEventId: "" });
  });
});
