// rate: at most so many pulls a second of a `latest` channel (F5).
import { fail } from "@tidewire/protocol";
import type { Known } from "../../hub/channel.ts";
import type { CommandOf } from "../command.ts";
import type { Context } from "../context.ts";
import { subscriptionOf } from "./subscribe.ts";

export function rate(context: Context, command: CommandOf<"rate">): void {
  const { known, cursor } = subscriptionOf(context, command.channel);
  checkRated(known);
  cursor.rate(command.rate);
  context.reply({ kind: "result", id: command.id, json: JSON.stringify({ rate: command.rate }) });
}

/** @throws {TidewireError} `bad_request`: what passes over publications would break what the other modes promise. */
export function checkRated({ definition }: Known): void {
  if (definition.mode !== "latest") {
    fail("bad_request", `rate: expected a latest channel, this is a ${definition.mode} channel`);
  }
}
