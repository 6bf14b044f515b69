// Framing of server-sent events: WHATWG HTML, "Server-sent events"; nothing in a value can end its line.
import type { EventFraming } from "../dialects/connection.ts";

const encoder = new TextEncoder();
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const end = encoder.encode("\n\n");
const dataField = encoder.encode("data: ");
const lineEnds = /\r\n|\r|\n/g;

export const eventFraming: EventFraming = {
  id: "sse",
  // A comment: clients take it in and say nothing of it.
  ping: encoder.encode(":\n\n"),
  wrap: (payload, form) =>
    form === "text"
      ? eventFraming.event({ data: payload })
      : eventFraming.event({ name: "binary", data: base64(payload) }),
  event: ({ id, name, data, retryMs }) => {
    const fields = [
      ...(retryMs === undefined ? [] : [`retry: ${Math.round(retryMs)}\n`]),
      ...(id === undefined ? [] : [`id: ${oneLine(id)}\n`]),
      ...(name === undefined ? [] : [`event: ${oneLine(name)}\n`]),
    ].join("");
    if (data === undefined) return encoder.encode(`${fields}\n`);
    const payload = lines(typeof data === "string" ? encoder.encode(data) : data);
    return Buffer.concat([encoder.encode(fields), dataField, payload, end]);
  },
};

function base64(payload: Uint8Array): string {
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("base64");
}

/** Every line of it is a field of its own. The format knows one end of line: CR and CR LF arrive as LF. */
function lines(payload: Uint8Array): Uint8Array {
  if (!payload.includes(lineFeed) && !payload.includes(carriageReturn)) return payload;
  // Byte for byte: in UTF-8 these two are never part of another character.
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("latin1");
  return Buffer.from(text.replace(lineEnds, "\ndata: "), "latin1");
}

/** Names and ids have one line; with a NUL in it, a client would drop the id. */
function oneLine(value: string): string {
  // oxlint-disable-next-line no-control-regex -- those are what must not be in it
  return value.replace(/[\u0000\r\n]/g, "");
}
