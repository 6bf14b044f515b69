// Decoding JSON commands of the Centrifuge protocol into the server's own.
import type { RequestErrorName } from "@tidewire/protocol";
import { fastestRate, slowestRate } from "../../hub/pace.ts";
import type { Seen } from "../../hub/recovery.ts";
import { refusal } from "../../hub/refusal.ts";
import type { Command, CommandOf, MarkAnswer, Payload } from "../../session/command.ts";
import { largestWindow, smallestWindow } from "../../session/window.ts";
import { MalformedFrame } from "../dialect.ts";
import { scan, type ScanLimits } from "./scan.ts";

export interface DecodeLimits extends ScanLimits {
  readonly commandsPerFrame: number;
}

export type Fields = Readonly<Record<string, unknown>>;

/** A payload's bytes. */
export type Written = Pick<Payload, "bytes" | "form">;

/** What stands for one command in the protocol: its number and the fields of its method. */
interface Request {
  readonly id: number;
  readonly fields: Fields;
  /** The payload as it was written; `null` where its value has to be written anew. */
  readonly payload: Written | null;
}

/** In the order in which the server looks for a method when several are set. */
const methods: readonly { readonly method: string; readonly read: (request: Request) => Command }[] = [
  { method: "connect", read: connect },
  { method: "subscribe", read: subscribe },
  { method: "unsubscribe", read: (request) => ({ kind: "unsubscribe", id: request.id, channel: channelOf(request) }) },
  { method: "publish", read: publish },
  { method: "presence", read: (request) => ({ kind: "presence", id: request.id, channel: channelOf(request) }) },
  {
    method: "presence_stats",
    read: (request) => ({ kind: "presence_stats", id: request.id, channel: channelOf(request) }),
  },
  { method: "history", read: history },
  { method: "rpc", read: rpc },
  { method: "refresh", read: ({ id, fields }) => ({ kind: "refresh", id, token: text(fields, "token") }) },
  { method: "sub_refresh", read: subRefresh },
];

/**
 * The commands of one text message: JSON objects, one a line.
 * @throws {MalformedFrame} when a line is not a command; an invalid value in one is answered as a request error.
 */
export function decode(text: string, limits: DecodeLimits): readonly (Command | MarkAnswer)[] {
  const commands: (Command | MarkAnswer)[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    if (commands.length === limits.commandsPerFrame) {
      const problem = `expected at most ${limits.commandsPerFrame} commands in a frame, got more`;
      throw new MalformedFrame(problem, "commandsPerFrame");
    }
    commands.push(decodeLine(line, limits));
  }
  if (commands.length === 0) throw new MalformedFrame("expected a command, got an empty frame");
  return commands;
}

function decodeLine(line: string, limits: ScanLimits): Command | MarkAnswer {
  const written = scan(line, limits);
  const payload: Written | null = written === null ? null : { bytes: encoder.encode(written), form: "json" };
  const fields = fieldsOf(parse(line), "a command");
  const isMark = fields["mark"] !== undefined && fields["id"] === undefined;
  return isMark ? markAnswer(fields["mark"]) : toCommand(fields, payload);
}

/**
 * One command, from the fields that the JSON and the Protobuf form share.
 * @throws {MalformedFrame} when it is none.
 */
export function toCommand(command: Fields, payload: Written | null): Command {
  const id = command["id"] ?? 0;
  if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id > 0xffff_ffff) {
    throw new MalformedFrame(`id: expected an unsigned 32-bit integer, got ${told(id)}`);
  }
  if (id === 0) return command["send"] === undefined ? { kind: "pong" } : { kind: "send" };
  for (const { method, read } of methods) {
    const given = command[method];
    if (given !== undefined && given !== null) return read({ id, fields: fieldsOf(given, method), payload });
  }
  if (command["send"] !== undefined) return { kind: "send" };
  throw new MalformedFrame(
    `expected a known method, got ${told(
      Object.keys(command)
        .filter((key) => key !== "id")
        .join(", "),
    )}`,
  );
}

/** PROTOCOL 1.17 */
function markAnswer(at: unknown): MarkAnswer {
  if (isWhole(at)) return { kind: "mark", at };
  throw new MalformedFrame(`mark: expected a mark that was set, got ${told(at)}`);
}

/** PROTOCOL 1.2, 1.17 */
function tideOf(given: unknown): { readonly speaksTide: boolean; readonly windowBytes: number | null } {
  if (given === 1) return { speaksTide: true, windowBytes: null };
  if (typeof given !== "object" || given === null) return { speaksTide: false, windowBytes: null };
  const { window: windowBytes = null } = fieldsOf(given, "connect.tide") as { window?: unknown };
  const isWindow = isWhole(windowBytes) && windowBytes >= smallestWindow && windowBytes <= largestWindow;
  if (windowBytes === null || isWindow) return { speaksTide: true, windowBytes };
  throw new MalformedFrame(
    `connect.tide.window: expected bytes from ${smallestWindow} to ${largestWindow}, got ${told(windowBytes)}`,
  );
}

function connect({ id, fields }: Request): CommandOf<"connect"> {
  const seen = fields["subs"] === undefined ? nothingSeen : seensOf(fieldsOf(fields["subs"] ?? {}, "connect.subs"));
  return { kind: "connect", id, token: text(fields, "token"), data: fields["data"], ...tideOf(fields["tide"]), seen };
}

/**
 * The connect request of a client that only hears: a request by itself, without a command around it. Nothing is one too.
 * @throws {MalformedFrame}
 */
export function decodeConnect(text: string, limits: ScanLimits): CommandOf<"connect"> {
  const written = text.trim() === "" ? "{}" : text;
  scan(written, limits);
  const fields = fieldsOf(parse(written), "a connect request");
  const { token, data, seen } = connect({ id: 1, fields, payload: null });
  const asks = Object.keys(fieldsOf(fields["subs"] ?? {}, "subs"));
  if (asks.includes("")) throw new MalformedFrame("subs: expected names of channels, got an empty one");
  return { kind: "connect", id: 1, token, data, speaksTide: false, windowBytes: null, seen, asks };
}

const nothingSeen: ReadonlyMap<string, Seen> = new Map();

function seensOf(subs: Fields): ReadonlyMap<string, Seen> {
  const seen = new Map<string, Seen>();
  for (const [channel, given] of Object.entries(subs)) {
    const recovering = seenOf(fieldsOf(given, "a subscription of connect.subs"));
    if (recovering === "malformed") throw new MalformedFrame("connect.subs: expected positions, got something else");
    if (recovering !== null) seen.set(channel, recovering);
  }
  return seen;
}

/** `null` when nothing is to be recovered. */
function seenOf(fields: Fields): Seen | "malformed" | null {
  if (fields["recover"] !== true) return null;
  const position = positionOf(fields);
  if (position === null) return "malformed";
  const last = fields["tide"] === undefined ? undefined : fieldsOf(fields["tide"], "tide")["last"];
  return { position, id: typeof last === "string" ? last : null };
}

function subscribe(request: Request): Command {
  const { id, fields } = request;
  const channel = channelOf(request);
  const tide = fields["tide"] === undefined ? {} : fieldsOf(fields["tide"], "subscribe.tide");
  const rate = tide["rate"];
  if (rate !== undefined && !isRate(rate)) return invalid(id, "bad_request", badRate(rate));
  const seen = seenOf(fields);
  if (seen === "malformed") return invalid(id, "bad_request", badOffset(fields));
  const flag = typeof fields["flag"] === "number" ? fields["flag"] : 0;
  return {
    kind: "subscribe",
    id,
    channel,
    token: text(fields, "token"),
    seen,
    wantsMembers: fields["join_leave"] === true,
    isPaused: tide["paused"] === true,
    rate: isRate(rate) ? rate : null,
    mustRecover: (flag & 2) !== 0,
    wantsNumber: (flag & 1) !== 0,
    wantsPatches: fields["delta"] === "fossil",
    filter: fields["tf"] === undefined ? null : fieldsOf(fields["tf"], "subscribe.tf"),
    data: fields["data"],
  };
}

function publish(request: Request): Command {
  const { id, fields, payload } = request;
  const channel = channelOf(request);
  if (fields["data"] === undefined)
    return invalid(id, "bad_request", "publish.data: expected a JSON value, got nothing");
  return publishing({
    id,
    channel,
    payload: payloadOf(fields["data"], payload),
    idempotencyKey: null,
    wantsPosition: false,
  });
}

function history(request: Request): Command {
  const { id, fields } = request;
  const channel = channelOf(request);
  const limit = fields["limit"] ?? 0;
  if (typeof limit !== "number" || !Number.isSafeInteger(limit)) {
    return invalid(id, "bad_request", `history.limit: expected an integer, got ${told(limit)}`);
  }
  const sinceFields = fields["since"] === undefined ? null : fieldsOf(fields["since"], "history.since");
  const since = sinceFields === null ? null : positionOf(sinceFields);
  if (sinceFields !== null && since === null) return invalid(id, "bad_request", badOffset(sinceFields));
  return { kind: "history", id, channel, limit, since, reverse: fields["reverse"] === true };
}

/** Methods with the prefix `tide.` are commands that the protocol has no word for. */
function rpc({ id, fields, payload }: Request): Command {
  const method = text(fields, "method");
  if (!method.startsWith("tide.")) return call(id, method, fields);
  const data = fieldsOf(fields["data"] ?? {}, `${method}'s data`);
  if (method === "tide.cancel") {
    if (isWhole(data["id"])) return { kind: "cancel", id, call: data["id"] };
    return invalid(id, "bad_request", `tide.cancel: expected the id of a call, got ${told(data["id"])}`);
  }
  const { channel, key } = data as { channel?: unknown; key?: unknown };
  if (typeof channel !== "string" || channel === "") {
    return invalid(id, "bad_request", `${method}: expected a channel name, got ${told(channel)}`);
  }
  if (method === "tide.pause") return { kind: "pause", id, channel };
  if (method === "tide.resume") return { kind: "resume", id, channel };
  if (method === "tide.rate") {
    const { rate } = data;
    return isRate(rate) ? { kind: "rate", id, channel, rate } : invalid(id, "bad_request", badRate(rate));
  }
  if (method === "tide.remove") {
    if (typeof key === "string") return { kind: "remove", id, channel, key };
    return invalid(id, "bad_request", `tide.remove: expected a key, got ${told(key)}`);
  }
  if (method !== "tide.publish") return invalid(id, "unknown_method", `${method} is not known`);
  // PROTOCOL 1.24: in Protobuf bytes may stand beside.
  if (data["data"] === undefined && payload?.form !== "bytes") {
    return invalid(id, "bad_request", "tide.publish: expected data, got none");
  }
  if (key !== undefined && (typeof key !== "string" || key.length === 0 || key.length > 64)) {
    return invalid(id, "bad_request", `tide.publish: expected a key of 1 to 64 characters, got ${told(key)}`);
  }
  return publishing({
    id,
    channel,
    payload: payloadOf(data["data"], payload),
    idempotencyKey: key ?? null,
    wantsPosition: true,
  });
}

/** PROTOCOL 1.14 */
function call(id: number, method: string, fields: Fields): Command {
  const timeoutMs = fieldsOf(fields["tide"] ?? {}, "rpc.tide")["timeout"] ?? null;
  if (timeoutMs !== null && !isWhole(timeoutMs)) {
    return invalid(id, "bad_request", `rpc.tide.timeout: expected milliseconds, got ${told(timeoutMs)}`);
  }
  return { kind: "call", id, method, input: fields["data"] ?? null, timeoutMs };
}

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

function isRate(rate: unknown): rate is number {
  return typeof rate === "number" && rate >= slowestRate && rate <= fastestRate;
}

function badRate(rate: unknown): string {
  return `rate: expected pulls a second from ${slowestRate} to ${fastestRate}, got ${told(rate)}`;
}

function publishing(command: Omit<Extract<Command, { kind: "publish" }>, "kind">): Command {
  return { kind: "publish", ...command };
}

const encoder = new TextEncoder();

function payloadOf(value: unknown, written: Written | null): Payload {
  return { ...(written ?? { bytes: encoder.encode(JSON.stringify(value)), form: "json" }), value };
}

/** `null` when it is none. An absent offset is 0, as the protocol leaves zero values out. */
function positionOf(fields: Fields): { epoch: string; offset: number } | null {
  const { epoch, offset } = { epoch: fields["epoch"] ?? "", offset: fields["offset"] ?? 0 };
  const isPosition = typeof epoch === "string" && Number.isSafeInteger(offset) && (offset as number) >= 0;
  return isPosition ? { epoch, offset: offset as number } : null;
}

function badOffset(fields: Fields): string {
  return `expected a text as epoch and a non-negative integer as offset, got ${told(fields["epoch"])} and ${told(fields["offset"])}`;
}

function subRefresh(request: Request): Command {
  return { kind: "sub_refresh", id: request.id, channel: channelOf(request), token: text(request.fields, "token") };
}

/** An empty channel is a malformed frame in this protocol, not a request error. */
function channelOf({ fields }: Request): string {
  const channel = text(fields, "channel");
  if (channel === "") throw new MalformedFrame("channel: expected a name, got none");
  return channel;
}

function text(fields: Fields, name: string): string {
  const value = fields[name] ?? "";
  if (typeof value !== "string") throw new MalformedFrame(`${name}: expected a text, got ${told(value)}`);
  return value;
}

function invalid(id: number, reason: RequestErrorName, message: string): Command {
  return { kind: "invalid", id, error: refusal(reason, message) };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    throw new MalformedFrame(`expected JSON, got ${told(line)}`);
  }
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw new MalformedFrame(`${what}: expected an object, got ${told(value)}`);
}

/** What came, short enough for an error. */
function told(value: unknown): string {
  if (value === undefined) return "nothing";
  const said = JSON.stringify(value);
  return said.length > 40 ? `${said.slice(0, 40)}…` : said;
}
