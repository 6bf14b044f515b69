// Events found in a stream, however it is cut.
import { expect, it } from "vitest";
import { blankLine, EventReader, lineEnd } from "./events.ts";

const stream = "retry: 1\nid: e:0\n\n:\n\nid: e:1\ndata: first\n\ndata: second\n\n";
const events = ["retry: 1\nid: e:0", ":", "id: e:1\ndata: first", "data: second"];

it("finds every event, whatever is read at a time, and none before its end", () => {
  for (let cut = 1; cut <= stream.length; cut += 1) {
    const found: string[] = [];
    const reader = new EventReader(blankLine, ({ bytes, start, end }) =>
      found.push(bytes.toString("latin1", start, end)),
    );
    const buffer = Buffer.alloc(cut);
    for (let at = 0; at < stream.length; at += cut) {
      const piece = stream.slice(at, at + cut);
      buffer.write(piece, "latin1");
      reader.read(buffer.subarray(0, piece.length));
    }
    expect(found).toEqual(events);
    reader.read(Buffer.from("data: third\n"));
    expect(found).toHaveLength(events.length);
  }
});

it("finds lines too", () => {
  const found: string[] = [];
  const reader = new EventReader(lineEnd, ({ bytes, start, end }) => found.push(bytes.toString("latin1", start, end)));
  for (const piece of ['{"a"', ":1}\n{}\n{", "}\n"]) reader.read(Buffer.from(piece));
  expect(found).toEqual(['{"a":1}', "{}", "{}"]);
});
