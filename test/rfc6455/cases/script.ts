// The words that scripts of cases are written in.
import type { Case, Chops, Event, Script, Step } from "../case.ts";
import { type Frame, frame, op } from "../frames.ts";

export const normal = 1000;
export const protocolError = 1002;
export const invalidPayload = 1007;

export const utf8 = (text: string): Buffer => Buffer.from(text);
export const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");

export const send = (frames: readonly Frame[], chops: Chops = "whole"): Step => ({
  kind: "send",
  frames: () => frames,
  chops,
});

export const message = (form: "text" | "binary", payload: Buffer): Event => ({ kind: "message", form, payload });
export const textMessage = (text: string): Event => message("text", utf8(text));
export const pong = (payload: Buffer): Event => ({ kind: "pong", payload });

export const textFrame = (payload: string | Uint8Array, options: Partial<Frame> = {}): Frame =>
  frame(op.text, payload, options);
export const continuation = (payload: string | Uint8Array, options: Partial<Frame> = {}): Frame =>
  frame(op.continuation, payload, options);
export const ping = (payload: string | Uint8Array = ""): Frame => frame(op.ping, payload);

/** Everything comes back as it should, and we end it. */
export function answered(steps: readonly Step[], events: () => readonly Event[]): Script {
  return { kind: "script", steps, events, end: { by: "us", codes: [normal], mayDrop: false } };
}

/** The server fails the connection with `code`, after `events` at most. */
export function failing(
  steps: readonly Step[],
  { code = protocolError, events = [], alsoRight }: { code?: number; events?: Event[]; alsoRight?: Event[] } = {},
): Script {
  const end = { by: "server", codes: [code], mayDrop: true } as const;
  const script = { kind: "script", steps, events: () => events, end } as const;
  return alsoRight === undefined ? script : { ...script, alsoRight: () => alsoRight };
}

/** Cases with the numbers `prefix.1`, `prefix.2` and so on. */
export function numbered(prefix: string, cases: readonly Omit<Case, "id">[]): readonly Case[] {
  return cases.map((each, index) => ({ id: `${prefix}.${index + 1}`, ...each }));
}
