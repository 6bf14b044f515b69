// presence, presence_stats and history: what a channel shows of itself to whoever may subscribe to it.
import type { Known } from "../../hub/channel.ts";
import { refuse } from "../../hub/refusal.ts";
import type { CommandOf } from "../command.ts";
import type { Context } from "../context.ts";
import { askToSubscribe } from "../channel-access.ts";
import { checkTellable } from "../tellable.ts";

export async function presence(context: Context, command: CommandOf<"presence">): Promise<void> {
  await mayRead(context, command.channel, (known) => known.definition.presence || refuse("not_available", noPresence));
  // What comes after the list is the change since then, so nothing from before may be left to tell: who had come and gone
  // by then would be in the list, and in no change (R2).
  do await context.room();
  while (context.isOpen && context.tellMembers(command.channel));
  if (!context.isOpen) return;
  // Whoever is told of changes is subscribed, and then the channel is here: nothing is awaited in between.
  const { hub } = context.node;
  const here = context.subscriptions.has(command.channel) ? hub.channel(command.channel)?.members : undefined;
  const members = (here ?? (await hub.presence(command.channel))).list();
  if (context.isOpen) context.reply({ kind: "presence", id: command.id, members });
}

export async function presenceStats(context: Context, command: CommandOf<"presence_stats">): Promise<void> {
  await mayRead(context, command.channel, (known) => known.definition.presence || refuse("not_available", noPresence));
  if (!context.isOpen) return;
  const { counts } = await context.node.hub.presence(command.channel);
  if (context.isOpen) context.reply({ kind: "presence_stats", id: command.id, ...counts });
}

export async function history(context: Context, command: CommandOf<"history">): Promise<void> {
  await mayRead(
    context,
    command.channel,
    (known) => known.definition.history !== null || refuse("not_available", noHistory),
  );
  checkTellable(context, context.node.hub.registry.resolve(command.channel));
  const { reverse, since } = command;
  if (reverse && since !== null && since.offset === 0) refuse("bad_request", "nothing lies before offset 0");
  const most = context.node.limits.historyPublications;
  const limit = command.limit < 0 ? most : Math.min(command.limit, most);
  if (command.limit > most) context.node.metrics.hit("historyPublications");
  await context.room();
  if (!context.isOpen) return;
  const { publications, top } = await context.node.hub.history(command.channel, { limit, since, reverse });
  context.reply({ kind: "history", id: command.id, publications, top });
}

const noPresence = "this channel has no presence";
const noHistory = "this channel keeps no history";

/** Whoever is subscribed may read; others are asked as if they subscribed. */
async function mayRead(context: Context, channel: string, isOn: (known: Known) => boolean): Promise<void> {
  const { node } = context;
  const known = node.hub.registry.resolve(channel);
  isOn(known);
  if (context.subscriptions.has(channel)) return;
  await askToSubscribe(context, { channel }, known);
}
