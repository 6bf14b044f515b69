// The server API: what a backend may ask, under the method names that Centrifugo's users know.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { fail, TidewireError } from "@tidewire/protocol";
import { history, historyRemove } from "./api/history.ts";
import type { ApiNode } from "./api/node.ts";
import { channels, info } from "./api/overview.ts";
import type { JsonText, Parameters } from "./api/parameters.ts";
import { presence, presenceStats } from "./api/presence.ts";
import { broadcast, publish } from "./api/publish.ts";
import { disconnect, subscribe, unsubscribe } from "./api/sessions.ts";

type Method = (node: ApiNode, parameters: Parameters) => Promise<JsonText>;

/** Each resolves to the JSON of its result. @throws {TidewireError} */
export type Api = Readonly<Record<string, (parameters: Parameters) => Promise<JsonText>>>;

const methods: Readonly<Record<string, Method>> = {
  publish,
  broadcast,
  subscribe,
  unsubscribe,
  disconnect,
  presence,
  presence_stats: presenceStats,
  history,
  history_remove: historyRemove,
  channels,
  info,
};

/** Whether the request carries the key. Without a key nobody may. */
export function mayUseApi({ headers }: IncomingMessage, apiKey: string | undefined): boolean {
  return isKey(headers["x-api-key"], apiKey);
}

/** Compared in constant time. */
export function isKey(given: unknown, apiKey: string | undefined): boolean {
  if (apiKey === undefined || typeof given !== "string") return false;
  return timingSafeEqual(digest(given), digest(apiKey));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

export function createApi(node: ApiNode): Api {
  const bound = Object.entries(methods).map(
    ([name, method]) => [name, (parameters: Parameters) => method(node, parameters)] as const,
  );
  return { ...Object.fromEntries(bound), batch: (parameters) => batch(node, parameters) };
}

/** One after the other, or with `parallel` all at once; each has a reply of its own, in their order. */
async function batch(node: ApiNode, { commands, parallel }: Parameters): Promise<JsonText> {
  const most = node.limits.commandsPerFrame;
  if (!Array.isArray(commands) || commands.length > most) {
    if (Array.isArray(commands)) node.metrics.hit("commandsPerFrame");
    return fail("bad_request", `commands: expected a list of at most ${most}`);
  }
  const replies: Promise<JsonText>[] = [];
  for (const command of commands as readonly unknown[]) {
    const replying = obey(node, command);
    replies.push(replying);
    if (parallel !== true) await replying;
  }
  return `{"replies":[${(await Promise.all(replies)).join(",")}]}`;
}

async function obey(node: ApiNode, command: unknown): Promise<JsonText> {
  try {
    const [[name, parameters] = ["", {}]] = Object.entries(Object(command) as object);
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
    if (method === undefined) return fail("unknown_method", `expected one of: ${Object.keys(methods).join(", ")}`);
    return `{${JSON.stringify(name)}:${await method(node, Object(parameters) as Parameters)}}`;
  } catch (thrown) {
    if (!(thrown instanceof TidewireError)) throw thrown;
    return JSON.stringify({ error: { code: thrown.code, message: thrown.message } });
  }
}
