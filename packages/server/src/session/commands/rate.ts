// rate: at most so many pulls a second of a `latest` channel (F5).
import type { CommandOf } from "../command.ts";
import type { Context } from "../context.ts";
import { checkRated, subscriptionOf } from "./subscribe.ts";

export function rate(context: Context, command: CommandOf<"rate">): void {
  const { known, cursor } = subscriptionOf(context, command.channel);
  checkRated(known);
  cursor.rate(command.rate);
  context.reply({ kind: "result", id: command.id, json: JSON.stringify({ rate: command.rate }) });
}
