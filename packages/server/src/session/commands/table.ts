// The table of commands: which handler, and which earlier commands it waits for.
import type { Command, CommandKind, CommandOf } from "../command.ts";
import type { Context } from "../context.ts";
import { call, cancel } from "./call.ts";
import { publish } from "./publish.ts";
import { rate } from "./rate.ts";
import { history, presence, presenceStats } from "./read.ts";
import { refresh, subRefresh } from "./refresh.ts";
import { remove } from "./remove.ts";
import { pause, resume, subscribe, unsubscribe } from "./subscribe.ts";

/** What follows after `connect` and is answered. */
export type Request = Exclude<Command, { readonly kind: "connect" | "pong" | "send" }>;

type Handlers = {
  readonly [Kind in Request["kind"]]: (context: Context, command: CommandOf<Kind>) => void | Promise<void>;
};

const handlers: Handlers = {
  subscribe,
  unsubscribe,
  publish,
  presence,
  presence_stats: presenceStats,
  history,
  call,
  cancel,
  pause,
  resume,
  rate,
  remove,
  refresh,
  sub_refresh: subRefresh,
  invalid: (context, command) => context.refuse(command.id, command.error),
};

/** One reply of up to a megabyte is made at a time. */
const largeReply = "reply";
const publishing = "publish";
const refreshing = "refresh";

/** What commands on one channel wait for each other by. */
export function channelKey(channel: string): string {
  return `#${channel}`;
}

export function handle(context: Context, command: Request): void | Promise<void> {
  const handler = handlers[command.kind] as (context: Context, command: Request) => void | Promise<void>;
  return handler(context, command);
}

/** A command waits for earlier ones on its channel; publishes wait for publishes; large replies for each other. */
export function keysOf(command: Request): readonly string[] {
  if (command.kind === "call" || command.kind === "cancel" || command.kind === "invalid") return [];
  if (command.kind === "refresh") return [refreshing];
  const channel = channelKey(command.channel);
  if (command.kind === "publish" || command.kind === "remove") return [publishing, channel];
  const isLarge = (["presence", "history"] satisfies CommandKind[] as string[]).includes(command.kind);
  return isLarge ? [largeReply, channel] : [channel];
}
