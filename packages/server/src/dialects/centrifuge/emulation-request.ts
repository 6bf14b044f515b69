// What is posted for an emulated connection: which one it is, and the commands, in either form of the protocol.
import { MalformedFrame } from "../dialect.ts";
import type { EmulationRequest } from "./emulation.ts";
import { decodeMessage, type Message } from "./protobuf.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

/** @throws {MalformedFrame} */
export function decodeEmulation(body: Uint8Array, form: "json" | "protobuf"): EmulationRequest {
  const { session = "", node = "", data } = form === "json" ? fromJson(body) : fromProtobuf(body);
  if (typeof session !== "string" || typeof node !== "string") {
    throw new MalformedFrame("expected session and node as texts");
  }
  if (typeof data === "string") return { session, node, data: encoder.encode(data), form: "text" };
  if (data instanceof Uint8Array) return { session, node, data, form: "bytes" };
  throw new MalformedFrame("expected data, a text of commands, got none");
}

function fromJson(body: Uint8Array): Message {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(body));
  } catch {
    throw new MalformedFrame("expected JSON in UTF-8, got something else");
  }
  if (typeof value === "object" && value !== null) return value as Message;
  throw new MalformedFrame("expected an object with session, node and data");
}

function fromProtobuf(body: Uint8Array): Message {
  try {
    return decodeMessage("EmulationRequest", body);
  } catch (thrown) {
    throw new MalformedFrame(`expected a request, got ${thrown instanceof Error ? thrown.message : "other bytes"}`);
  }
}
