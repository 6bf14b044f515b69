// Decoding Protobuf commands of the Centrifuge protocol: bytes to the fields that both forms share.
import type { Command } from "../../session/command.ts";
import { MalformedFrame } from "../dialect.ts";
import { type DecodeLimits, type Fields, toCommand } from "./decode.ts";
import { decodeMessage, type Message } from "./protobuf.ts";
import { scanPayload } from "./scan.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The commands of one binary message, each with its length before it. @throws {MalformedFrame} */
export function decodeProtobuf(bytes: Uint8Array, limits: DecodeLimits): readonly Command[] {
  const commands: Command[] = [];
  for (let at = 0; at < bytes.length;) {
    if (commands.length === limits.commandsPerFrame) {
      const problem = `expected at most ${limits.commandsPerFrame} commands in a frame, got more`;
      throw new MalformedFrame(problem, "commandsPerFrame");
    }
    const { value: length, next } = varint(bytes, at);
    if (next + length > bytes.length) {
      throw new MalformedFrame(`expected a command of ${length} bytes, got ${bytes.length - next}`);
    }
    commands.push(decodeOne(bytes.subarray(next, next + length), limits));
    at = next + length;
  }
  if (commands.length === 0) throw new MalformedFrame("expected a command, got an empty frame");
  return commands;
}

function decodeOne(bytes: Uint8Array, limits: DecodeLimits): Command {
  const message = read(bytes);
  const publish = message["publish"] as Message | undefined;
  const payload = publish?.["data"] as Uint8Array | undefined;
  if (payload !== undefined) return toCommand(withJson(message, limits), payloadOf(payload, limits));
  const beside = (message["rpc"] as Message | undefined)?.["payload"] as Uint8Array | undefined;
  return toCommand(withJson(message, limits), beside === undefined ? null : { bytes: beside.slice(), form: "bytes" });
}

function read(bytes: Uint8Array): Message {
  try {
    return decodeMessage("Command", bytes);
  } catch (thrown) {
    throw new MalformedFrame(`expected a command, got ${thrown instanceof Error ? thrown.message : "other bytes"}`);
  }
}

/** Bytes in the place of JSON become the value they stand for. */
function withJson(message: Message, limits: DecodeLimits): Fields {
  const fields: Record<string, unknown> = { ...message };
  for (const method of ["connect", "subscribe", "publish", "rpc"]) {
    const given = message[method] as Message | undefined;
    const data = given?.["data"] as Uint8Array | undefined;
    if (data === undefined) continue;
    const value = jsonOf(data, limits);
    if (value === notJson && method === "rpc") throw new MalformedFrame("rpc.data: expected JSON, got other bytes");
    fields[method] = { ...given, data: value === notJson ? null : value };
  }
  return fields;
}

/** Published bytes that are JSON are shared with JSON clients; others reach those that can carry them. */
function payloadOf(data: Uint8Array, limits: DecodeLimits): { bytes: Uint8Array; form: "json" | "bytes" } {
  return { bytes: data.slice(), form: jsonOf(data, limits) === notJson ? "bytes" : "json" };
}

const notJson = Symbol("not JSON");

function jsonOf(data: Uint8Array, limits: DecodeLimits): unknown {
  try {
    const text = decoder.decode(data);
    const value = JSON.parse(text) as unknown;
    scanPayload(text, limits);
    return value;
  } catch (thrown) {
    if (thrown instanceof MalformedFrame) throw thrown;
    return notJson;
  }
}

function varint(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, next: at + index + 1 };
  }
  throw new MalformedFrame("expected the length of a command, got none");
}
