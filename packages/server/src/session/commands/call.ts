// call: a typed request to the application, answered over the same connection.
import { fail, type StandardSchema } from "@tidewire/protocol";
import { validate } from "../../hub/registry.ts";
import { reasonOf } from "../../ports/log.ts";
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
  const json = await outputOf(method, outputSchema, output);
  context.reply({ kind: "result", id: command.id, json });
}

/** What a handler returned is the server's own affair: the caller hears `internal`, the log the reason. */
async function outputOf(method: string, schema: StandardSchema | null, output: unknown): Promise<string> {
  try {
    return await validate(schema, output ?? null);
  } catch (thrown) {
    throw new Error(`the call "${method}" returned ${reasonOf(thrown)}`, { cause: thrown });
  }
}
