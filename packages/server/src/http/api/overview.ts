// info and channels: what this node holds.
import { fail } from "@tidewire/protocol";
import type { ApiNode } from "./node.ts";
import { type JsonText, type Parameters, textOf } from "./parameters.ts";

/** Channels of one answer. */
const mostChannels = 10_000;

export async function info({ id, name, hub, sessions, clock }: ApiNode): Promise<JsonText> {
  const users = new Set([...sessions.values()].map(({ identity }) => identity.user));
  const node = {
    uid: id,
    name,
    version: "tidewire",
    num_clients: sessions.size,
    num_users: users.size,
    num_channels: occupied(hub).length,
    num_subs: hub.subscriptions,
    uptime: Math.floor(clock.now() / 1_000),
  };
  return JSON.stringify({ nodes: [node] });
}

/** @param parameters.pattern `*` stands for any characters; "" for all channels. */
export async function channels({ hub }: ApiNode, parameters: Parameters): Promise<JsonText> {
  const matches = patternOf(textOf(parameters, "pattern"));
  const found = occupied(hub).filter(({ name }) => matches(name));
  if (found.length > mostChannels) {
    fail("limit_exceeded", `an answer has at most ${mostChannels} channels, these are ${found.length}`);
  }
  const counts = found.map(({ name, subscribers }) => [name, { num_clients: subscribers }] as const);
  return JSON.stringify({ channels: Object.fromEntries(counts) });
}

type Occupied = ReturnType<ApiNode["hub"]["channel"]> & {};

/** A channel stays a while after its last subscriber has left. */
const occupied = (hub: ApiNode["hub"]): readonly Occupied[] =>
  [...hub.each()].filter(({ subscribers }) => subscribers > 0);

/** Part by part, from the left: no pattern can make it slow. */
function patternOf(pattern: string): (name: string) => boolean {
  if (/[?[\]{}\\!]/.test(pattern)) fail("bad_request", "pattern: expected a name in which * stands for any characters");
  const parts = pattern.split("*");
  const [first = "", last = ""] = [parts[0], parts.at(-1)];
  if (pattern === "") return () => true;
  if (parts.length === 1) return (name) => name === pattern;
  return (name) => {
    if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last)) return false;
    let at = first.length;
    for (const part of parts.slice(1, -1)) {
      const found = name.slice(0, name.length - last.length).indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return true;
  };
}
