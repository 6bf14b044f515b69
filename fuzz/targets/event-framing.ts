// Events of a stream, and what an EventSource makes of them: whatever an event says, it is said as this event and as one.
import { EventParser } from "../../packages/server/src/testing/event-parser.ts";
import { eventFraming } from "../../packages/server/src/transports/event-framing.ts";
import { holds, isSame } from "../oracle.ts";
import type { Target } from "../target.ts";

const afterwards = eventFraming.event({ data: "afterwards" });

/** Four parts behind NULs: id, name, data; the first byte says which are there and where the stream is cut in two. */
export const target: Target = {
  name: "event-framing",
  shape: "text",
  files: ["server/src/transports/event-framing.ts"],
  seeds: [
    "\u0007e:7\u0001news\u0001one\r\ntwo\rthree\n",
    "\u0004\u0001\u0001data: x\n\nid: y\n\n",
    "\u0007\u0001\u0001",
  ],
  words: ["data: ", "id: ", "event: ", "retry: 1", "\n\n", ":\n", "\r"],
  run(input) {
    const bits = input[0] ?? 0;
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(input.subarray(1));
    const [id = "", name = "", ...rest] = text.split("\u0001");
    const data = rest.join("\u0001");
    const event = { ...((bits & 1) > 0 && { id }), ...((bits & 2) > 0 && { name }), ...((bits & 4) > 0 && { data }) };
    const parser = new EventParser();
    const stream = Buffer.concat([eventFraming.event(event), afterwards]);
    const cut = Math.floor((stream.length * bits) / 255);
    parser.feed(stream.subarray(0, cut));
    parser.feed(stream.subarray(cut));
    const line = (value: string): string => value.replace(/[\0\r\n]/g, "");
    const expected = { type: line(event.name ?? "") || "message", data: data.replaceAll(/\r\n?/g, "\n") };
    const isDispatched = (bits & 4) > 0;
    const [first] = parser.events;
    if (isDispatched) isSame({ type: first?.type, data: first?.data }, expected, "the event");
    isSame(
      parser.events.slice(isDispatched ? 1 : 0).map((each) => each.data),
      ["afterwards"],
      "the event after it",
    );
    holds(parser.lastEventId === line(event.id ?? ""), "the id is another one");
    isSame(parser.retryMs, null, "a time that nobody said");
  },
};
