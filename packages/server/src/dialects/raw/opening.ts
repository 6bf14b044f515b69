// What a raw connection begins with, since its client says nothing by itself: a connect, and a subscribe.
import type { Seen } from "../../hub/recovery.ts";
import type { CommandId, CommandOf } from "../../session/command.ts";

const nothingSeen: ReadonlyMap<string, Seen> = new Map();

export function connecting(id: CommandId, token: string): CommandOf<"connect"> {
  return { kind: "connect", id, token, data: undefined, speaksTide: false, windowBytes: null, seen: nothingSeen };
}

/** @param from Where to go on, and how often; `null`: at the head, and as publications come. */
export function subscribing(
  id: CommandId,
  channel: string,
  from: { readonly seen: Seen | null; readonly rate: number | null },
): CommandOf<"subscribe"> {
  return {
    kind: "subscribe",
    id,
    channel,
    token: "",
    ...from,
    wantsMembers: false,
    isPaused: false,
    mustRecover: false,
    wantsNumber: false,
    wantsPatches: false,
    filter: null,
  };
}
