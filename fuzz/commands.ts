// What commands mean: each written in the protocol's words again, and compared without regard to how it was written.
import { TidewireError } from "@tidewire/protocol";
import { filterOf } from "../packages/server/src/hub/filter.ts";
import type { Seen } from "../packages/server/src/hub/recovery.ts";
import type { Command, MarkAnswer } from "../packages/server/src/session/command.ts";
import { encodeMessage, type Message } from "../packages/server/src/dialects/centrifuge/protobuf.ts";
import { hasOwnKeysOnly, holds, readOr } from "./oracle.ts";

type Said = Command | MarkAnswer;
type Fields = Readonly<Record<string, unknown>>;

const encoder = new TextEncoder();

/** @throws {Violation} for a command that no session could obey. */
export function isWellFormed(command: Said): void {
  hasOwnKeysOnly(command);
  if ("id" in command) holds(Number.isInteger(command.id) && command.id > 0 && command.id <= 0xffff_ffff, "no id");
  if ("channel" in command) holds(typeof command.channel === "string" && command.channel !== "", "no channel");
  const seens = command.kind === "connect" ? [...command.seen.values()] : "seen" in command ? [command.seen] : [];
  for (const seen of seens) if (seen !== null) isPlace(seen.position);
  if (command.kind === "history") {
    holds(Number.isSafeInteger(command.limit), "history: no limit");
    if (command.since !== null) isPlace(command.since);
  }
  if (command.kind === "publish") {
    const { bytes, form, value } = command.payload;
    holds(form === "bytes" || sameJson(JSON.parse(Buffer.from(bytes).toString()), value), "not what was written");
  }
}

function isPlace({ epoch, offset }: { readonly epoch: unknown; readonly offset: unknown }): void {
  holds(typeof epoch === "string" && Number.isSafeInteger(offset) && (offset as number) >= 0, "no place in a log");
}

function sameJson(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What two ways of writing a command share. */
export function meaningOf(command: Said): unknown {
  const json = (value: unknown): string => JSON.stringify(value ?? null);
  if (command.kind === "connect") return { ...command, data: json(command.data), seen: [...command.seen] };
  if (command.kind === "call") return { ...command, input: json(command.input) };
  if (command.kind === "subscribe") return { ...command, data: json(command.data), filter: meaningOfFilter(command) };
  if (command.kind === "invalid") return { kind: "invalid", id: command.id, reason: command.error.reason };
  if (command.kind !== "publish") return command;
  const { bytes, form, value } = command.payload;
  const written = form === "json" ? withoutMargins(bytes) : Buffer.from(bytes);
  return { ...command, payload: { bytes: written.toString("base64"), form, value: json(value) } };
}

/** White space around JSON is none of it, and where lines are messages no other white space may stand in it than blanks. */
function withoutMargins(json: Uint8Array): Buffer {
  const text = Buffer.from(json)
    .toString()
    .replaceAll(/[\n\r]/g, " ");
  return Buffer.from(text.replaceAll(/^[ \t]+|[ \t]+$/g, ""));
}

/** A filter is handed on as it was read: Protobuf leaves out what is empty, and its messages have no prototype. */
function meaningOfFilter({ filter }: Extract<Command, { kind: "subscribe" }>): string | null {
  return filter === null ? null : (readOr(TidewireError, () => filterOf(filter).id) ?? "refused");
}

interface Written {
  /** As in `Command`; data is JSON text. */
  readonly fields: Fields;
  readonly method: string;
}

/** The protocol's words for it; `null` for what has none of its own. */
function writtenOf(command: Said): Written | null {
  switch (command.kind) {
    case "connect": {
      const { token, data, windowBytes, speaksTide, seen } = command;
      const tide = windowBytes === null ? (speaksTide ? { tide: 1 } : {}) : { tide: { window: windowBytes } };
      const subs = Object.fromEntries([...seen].map(([name, each]) => [name, recovering(each)]));
      return { method: "connect", fields: { token, data, ...(seen.size > 0 && { subs }), ...tide } };
    }
    case "subscribe": {
      const { channel, token, seen, wantsMembers, isPaused, rate, mustRecover, wantsNumber, wantsPatches } = command;
      const { filter, data } = command;
      const place: Partial<Recovering> = seen === null ? {} : recovering(seen);
      const own = { ...(isPaused && { paused: true }), ...(rate !== null && { rate }), ...place.tide };
      const tide = Object.keys(own).length > 0 ? { tide: own } : {};
      const flag = (wantsNumber ? 1 : 0) + (mustRecover ? 2 : 0);
      const asked = {
        ...(wantsPatches && { delta: "fossil" }),
        ...(filter !== null && { tf: filter }),
        ...(data !== undefined && { data }),
      };
      const flags = { ...(wantsMembers && { join_leave: true }), ...(flag > 0 && { flag }), ...asked };
      return { method: "subscribe", fields: { channel, token, ...place, ...flags, ...tide } };
    }
    case "history": {
      const { channel, limit, since, reverse } = command;
      return { method: "history", fields: { channel, limit, ...(since !== null && { since }), reverse } };
    }
    case "call": {
      const { method, input, timeoutMs } = command;
      return {
        method: "rpc",
        fields: { method, data: input, ...(timeoutMs !== null && { tide: { timeout: timeoutMs } }) },
      };
    }
    case "cancel":
      return { method: "rpc", fields: { method: "tide.cancel", data: { id: command.call } } };
    case "pause":
    case "resume":
    case "rate":
    case "remove": {
      const { kind, id: _id, ...data } = command;
      return { method: "rpc", fields: { method: `tide.${kind}`, data } };
    }
    case "unsubscribe":
    case "presence":
    case "presence_stats":
      return { method: command.kind, fields: { channel: command.channel } };
    case "refresh":
      return { method: "refresh", fields: { token: command.token } };
    case "sub_refresh":
      return { method: "sub_refresh", fields: { channel: command.channel, token: command.token } };
    case "publish":
    case "invalid":
    case "mark":
    case "pong":
    case "send":
      return null;
  }
}

interface Recovering {
  readonly recover: true;
  readonly epoch: string;
  readonly offset: number;
  readonly tide?: { readonly last: string };
}

function recovering({ position, id }: Seen): Recovering {
  return { recover: true, ...position, ...(id !== null && { tide: { last: id } }) };
}

/** The command as a line of JSON; `null` for one that was refused, or whose payload JSON cannot carry. */
export function toJsonLine(command: Said): string | null {
  if (command.kind === "invalid") return null;
  if (command.kind === "pong") return "{}";
  if (command.kind === "send") return '{"send":{}}';
  if (command.kind === "mark") return JSON.stringify({ mark: command.at });
  if (command.kind === "publish") return publishLine(command);
  const written = writtenOf(command);
  return written === null ? null : JSON.stringify({ id: command.id, [written.method]: written.fields });
}

function publishLine(command: Extract<Command, { kind: "publish" }>): string | null {
  const { id, channel, payload, idempotencyKey: key, wantsPosition } = command;
  if (payload.form !== "json") return null;
  const data = Buffer.from(payload.bytes).toString().replaceAll("\n", " ");
  const head = JSON.stringify({ channel, ...(key !== null && { key }) }).slice(0, -1);
  const body = `${head},"data":${data}}`;
  if (!wantsPosition) return `{"id":${id},"publish":${body}}`;
  return `{"id":${id},"rpc":{"method":"tide.publish","data":${body}}}`;
}

/** The command as a frame of Protobuf; `null` where that form has no words for it. */
export function toProtobuf(command: Said): Uint8Array | null {
  if (command.kind === "publish") {
    const { id, channel, payload, wantsPosition } = command;
    if (wantsPosition || !channel.isWellFormed()) return null;
    return encodeMessage("Command", { id, publish: { channel, data: payload.bytes } });
  }
  const written = writtenOf(command);
  if (written === null || !("id" in command) || !isWellFormedText(written.fields)) return null;
  const { data, tide, ...fields } = written.fields;
  const said = data === undefined ? {} : { data: encoder.encode(JSON.stringify(data)) };
  const message: Message = { id: command.id, [written.method]: { ...fields, ...said } };
  return tide === undefined && isSmall(fields["limit"]) && !hasTide(fields["subs"])
    ? encodeMessage("Command", message)
    : null;
}

/** Texts are UTF-8 there. */
function isWellFormedText(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([key, each]) => key.isWellFormed() && isWellFormedText(each));
}

/** Limits have 32 bits there. */
function isSmall(limit: unknown): boolean {
  return limit === undefined || (typeof limit === "number" && limit === (limit | 0));
}

function hasTide(subs: unknown): boolean {
  return Object.values((subs ?? {}) as object).some(
    (each: unknown) => typeof each === "object" && "tide" in (each ?? {}),
  );
}
