// remove: takes a key out of a `latest` channel, for whoever may publish there.
import { refuse } from "../../hub/refusal.ts";
import { checkKey } from "../../hub/registry.ts";
import type { CommandOf } from "../command.ts";
import type { Context } from "../context.ts";
import { toError } from "../rules.ts";
import { admitToPublish, memberIn } from "./publish.ts";
import { checkChannelRate } from "./shared-rates.ts";

export function remove(context: Context, command: CommandOf<"remove">): void | Promise<void> {
  const { channel } = command;
  const key = checkKey(command.key, "bad_request");
  const change = { channel, data: null, removedKey: key };
  const { known, asked } = admitToPublish(context, change, Buffer.byteLength(key));
  if (known.definition.mode !== "latest") {
    refuse("not_available", `keys are removed from a latest channel, this is a ${known.definition.mode} channel`);
  }
  const go = (): void => {
    checkChannelRate(context, channel, known);
    accept(context, command);
  };
  return asked instanceof Promise ? asked.then(go) : go();
}

function accept(context: Context, { id, channel, key }: CommandOf<"remove">): void {
  if (!context.isOpen) return;
  context.node.hub.remove(channel, key, memberIn(context, channel)).then(
    ({ position, duplicate, durability }) =>
      context.reply({ kind: "published", id, result: { position, duplicate, durability } }),
    (thrown: unknown) => context.refuse(id, toError(context.node, thrown)),
  );
}
