// What the frames of the Centrifuge protocol say (JSON, version 2): unknown values narrowed once, here.

import { type Member, type Position, TidewireError } from "@tidewire/protocol";
import type { EndReason } from "./connection-state.ts";

/** A JSON object of which nothing is known yet. */
export type Fields = Readonly<Record<string, unknown>>;

export interface WirePublication {
  readonly data: unknown;
  /** 0: has no place in a log. */
  readonly offset: number;
  readonly author: Member | null;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly atMs: number | null;
  /** Random, and the server's own; "" from servers that give none. */
  readonly id: string;
  readonly key: string | null;
  readonly removed: boolean;
}

/**
 * The messages of one frame, which stand on lines of their own.
 * @throws {SyntaxError} As all functions here, for what is not of the protocol; the connection cannot be trusted then.
 */
export function* decode(frame: string): Generator<Fields> {
  for (const line of frame.split("\n")) {
    if (line !== "") yield asObject(JSON.parse(line));
  }
}

export function errorOf(error: Fields): TidewireError {
  const [code, message] = [wholeAt(error, "code"), textAt(error, "message")];
  return new TidewireError({ received: { code, message, temporary: error["temporary"] === true } });
}

/** A code and a reason, as in what ends a connection or a subscription. */
export function endOf(fields: Fields): EndReason {
  return { code: wholeAt(fields, "code"), reason: textAt(fields, "reason") };
}

export function publicationOf(fields: Fields): WirePublication {
  const info = objectAt(fields, "info");
  const tags = objectAt(fields, "tags");
  return {
    data: fields["data"] ?? null,
    offset: wholeAt(fields, "offset"),
    author: info === null ? null : memberOf(info),
    tags: tags === null ? null : tagsOf(tags),
    atMs: wholeAt(fields, "time") || null,
    id: textAt(fields, "id"),
    // PROTOCOL 1.12
    key: textAt(fields, "key") || null,
    removed: fields["removed"] === true,
  };
}

export function publicationsAt(fields: Fields): readonly WirePublication[] {
  const list = fields["publications"] ?? [];
  return Array.isArray(list) ? list.map((item) => publicationOf(asObject(item))) : wrong("publications");
}

/** The place a reply names; `null` when the channel keeps none. */
export function positionOf(fields: Fields): Position | null {
  const epoch = textAt(fields, "epoch");
  return epoch === "" ? null : { epoch, offset: wholeAt(fields, "offset") };
}

export function memberOf(info: Fields): Member {
  const member = { session: textAt(info, "client"), user: textAt(info, "user") };
  const shown = info["chan_info"] ?? info["conn_info"];
  return shown === undefined || shown === null ? member : { ...member, info: shown };
}

function tagsOf(tags: Fields): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(tags).map((key) => [key, textAt(tags, key)]));
}

export function asObject(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : wrong("a message");
}

// Zero values may be left out (reference A2), so a missing field reads as its zero value.

export function objectAt(fields: Fields, name: string): Fields | null {
  const value = fields[name];
  return value === undefined || value === null ? null : asObject(value);
}

export function textAt(fields: Fields, name: string): string {
  const value = fields[name] ?? "";
  return typeof value === "string" ? value : wrong(name);
}

export function wholeAt(fields: Fields, name: string): number {
  const value = fields[name] ?? 0;
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : wrong(name);
}

function wrong(name: string): never {
  throw new SyntaxError(`"${name}" has the wrong type`);
}
