// The server API: what a backend may ask, under the method names that Centrifugo's users know.
import { fail, TidewireError } from "@tidewire/protocol";
import { actEverywhere } from "./api/everywhere.ts";
import { apiMethods } from "./api/methods.ts";
import type { ApiNode } from "./api/node.ts";
import type { JsonText, Parameters } from "./api/parameters.ts";

/** Each resolves to the JSON of its answer. @throws {TidewireError} */
export interface Api {
  readonly methods: Readonly<Record<string, (parameters: Parameters) => Promise<JsonText>>>;
  /** Commands in the older form, `{method, params}`, one after the other; an answer for each, one a line. */
  readonly lines: (commands: readonly unknown[]) => Promise<JsonText>;
}

export function createApi(node: ApiNode): Api {
  const bound = Object.keys(apiMethods).map(
    (name) => [name, async (given: Parameters) => `{"result":${await actEverywhere(node, name, given)}}`] as const,
  );
  return {
    methods: { ...Object.fromEntries(bound), batch: (parameters) => batch(node, parameters) },
    lines: async (commands) => {
      checkCount("commands", commands, node.limits.commandsPerFrame);
      const answers: JsonText[] = [];
      for (const command of commands) answers.push(await answerTo(node, command));
      return answers.join("\n");
    },
  };
}

/**
 * One after the other, or with `parallel` all at once; each has a reply of its own, in their order. With `by_channel` those that name
 * one channel go one after the other in any case, and after one that is refused the others are refused for the same reason.
 */
async function batch(node: ApiNode, { commands, parallel, by_channel: isByChannel }: Parameters): Promise<JsonText> {
  const most = node.limits.commandsPerFrame;
  if (Array.isArray(commands) && commands.length > most) node.metrics.hit("commandsPerFrame");
  checkCount("commands", commands, most);
  const replies: Promise<JsonText>[] = [];
  const before = new Map<unknown, Promise<JsonText>>();
  for (const command of commands) {
    const [[name, parameters] = ["", {}]] = Object.entries(Object(command) as object);
    const acting = async (): Promise<JsonText> => `{${JSON.stringify(name)}:${await act(node, name, parameters)}}`;
    const { channel } = Object(parameters) as Parameters;
    const acted = before.get(channel)?.then(acting) ?? acting();
    if (isByChannel === true && typeof channel === "string") before.set(channel, acted);
    const replying = saying(() => acted);
    replies.push(replying);
    if (parallel !== true) await replying;
  }
  return `{"replies":[${(await Promise.all(replies)).join(",")}]}`;
}

function answerTo(node: ApiNode, command: unknown): Promise<JsonText> {
  const { method, params } = Object(command) as { readonly method?: unknown; readonly params?: unknown };
  return saying(async () => `{"result":${await act(node, method, params)}}`);
}

function checkCount(name: string, commands: unknown, most: number): asserts commands is readonly unknown[] {
  if (!Array.isArray(commands) || commands.length > most) {
    fail("bad_request", `${name}: expected a list of at most ${most}`);
  }
}

async function act(node: ApiNode, name: unknown, parameters: unknown): Promise<JsonText> {
  if (typeof name !== "string" || !Object.hasOwn(apiMethods, name)) {
    return fail("unknown_method", `expected one of: ${Object.keys(apiMethods).join(", ")}`);
  }
  return await actEverywhere(node, name, Object(parameters) as Parameters);
}

/** What is said, or the error that it fails with. */
async function saying(say: () => Promise<JsonText>): Promise<JsonText> {
  try {
    return await say();
  } catch (thrown) {
    if (!(thrown instanceof TidewireError)) throw thrown;
    return JSON.stringify({ error: { code: thrown.code, message: thrown.message } });
  }
}
