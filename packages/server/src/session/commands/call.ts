// call: a typed request to the application, answered over the same connection.
import { fail } from "@tidewire/protocol";
import { validate } from "../../hub/registry.ts";
import type { CommandOf } from "../command.ts";
import type { Context } from "../context.ts";
import { ask, guarded } from "../rules.ts";

export async function call(context: Context, command: CommandOf<"call">): Promise<void> {
  const { node } = context;
  const { method } = command;
  const bound = node.calls.get(method);
  if (bound === undefined) return fail("not_available", "no such call");
  const rule = node.access.call;
  await ask(node, "call", rule && (() => rule({ ...context.rule(), method })));
  const { inputSchema, outputSchema } = bound.definition;
  const input =
    inputSchema === null ? command.input : (JSON.parse(await validate(inputSchema, command.input)) as unknown);
  if (!context.isOpen) return;
  const output = await guarded(node, method, () => bound.handler(input, { ...context.rule(), signal: context.signal }));
  const json = outputSchema === null ? JSON.stringify(output ?? null) : await validate(outputSchema, output);
  context.reply({ kind: "result", id: command.id, json });
}
