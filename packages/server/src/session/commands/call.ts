// call and cancel: a typed request to the application, answered over the same connection.
import type { StandardSchema } from "@tidewire/protocol";
import { Disconnect } from "../../access.ts";
import { refuse } from "../../hub/refusal.ts";
import { validate } from "../../hub/registry.ts";
import { reasonOf } from "../../ports/log.ts";
import type { Call } from "../calls.ts";
import type { CommandOf } from "../command.ts";
import type { Context } from "../context.ts";
import type { BoundCall, SessionNode } from "../node.ts";
import { ask, guarded, toError } from "../rules.ts";
import { tooFast } from "./subscribe.ts";

/** Ended when it is answered: its handler may go on, and holds nothing back. */
export function call(context: Context, command: CommandOf<"call">): Promise<void> {
  const { node, calls, rates } = context;
  if (!rates.mayCall()) tooFast(context, "calls");
  const bound = node.calls.get(command.method) ?? otherCall(node, command.method);
  if (bound === null) return refuse("not_available", "no such call");
  const limitMs = bound.deadlineMs ?? node.limits.callDeadlineMs;
  const open = calls.open(command.id, Math.min(limitMs, command.timeoutMs ?? limitMs));
  return Promise.race([open.answered, answer(context, command, { bound, open })]);
}

function otherCall({ otherCalls }: SessionNode, method: string): BoundCall | null {
  if (otherCalls === undefined) return null;
  const definition = { method, inputSchema: null, outputSchema: null };
  return { definition, handler: (input, asked) => otherCalls(method, input, asked) };
}

/** The session has canceled it already, ahead of its turn. */
export function cancel(context: Context, { id }: CommandOf<"cancel">): void {
  context.reply({ kind: "result", id, json: "{}" });
}

interface Asked {
  readonly bound: BoundCall;
  readonly open: Call;
}

async function answer(context: Context, command: CommandOf<"call">, asked: Asked): Promise<void> {
  const { node, calls } = context;
  try {
    const json = await work(context, command, asked);
    if (json !== null) calls.finish(asked.open, json);
  } catch (thrown) {
    // Who was answered meanwhile hears nothing more of it.
    if (!calls.close(asked.open)) return;
    if (thrown instanceof Disconnect) context.close(thrown);
    else context.refuse(command.id, toError(node, thrown));
  } finally {
    calls.ended();
  }
}

/** What the handler returned; `null` where it was never entered. */
async function work(
  context: Context,
  { input, method }: CommandOf<"call">,
  { bound, open }: Asked,
): Promise<string | null> {
  const { node, calls } = context;
  const { inputSchema, outputSchema } = bound.definition;
  const rule = node.access.call;
  await ask(node, "call", rule && (() => rule({ ...context.rule(), method })));
  const given = inputSchema === null ? input : (JSON.parse(await validate(inputSchema, input)) as unknown);
  if (!calls.isOpen(open)) return null;
  open.hasBegun = true;
  const { signal } = open.abort;
  const output = await guarded(node, method, () => bound.handler(given, { ...context.rule(), signal }));
  return await outputOf(method, outputSchema, output);
}

/** What a handler returned is the server's own affair: the caller hears `internal`, the log the reason. */
async function outputOf(method: string, schema: StandardSchema | null, output: unknown): Promise<string> {
  try {
    return await validate(schema, output ?? null);
  } catch (thrown) {
    throw new Error(`the call "${method}" returned ${reasonOf(thrown)}`, { cause: thrown });
  }
}
