// subscribe, unsubscribe and disconnect: commands to the connections of a user, or to one of them.
import { type CloseReasonName, closeReasons, fail } from "@tidewire/protocol";
import type { ApiNode, ApiSession } from "./node.ts";
import { channelOf, type JsonText, type Parameters, refuse, textOf, textsOf } from "./parameters.ts";

/** They would choose connections, or do something to them, that is not done here. */
const unsupported = ["session", "label_filter", "all_users"];
const unsupportedOptions = ["expire_at", "info", "b64info", "data", "b64data", "recover_since", "override"];
/** Connections that a disconnect may spare. */
const mostSpared = 1_000;

/** @throws {TidewireError} the first connection's that cannot be subscribed; the others are subscribed all the same. */
export async function subscribe(node: ApiNode, parameters: Parameters): Promise<JsonText> {
  refuse(parameters, unsupportedOptions);
  const channel = channelOf(parameters);
  node.hub.registry.resolve(channel);
  return await forEach(chosen(node, parameters), (session) => session.subscribe(channel));
}

export async function unsubscribe(node: ApiNode, parameters: Parameters): Promise<JsonText> {
  const channel = channelOf(parameters);
  node.hub.registry.resolve(channel);
  return await forEach(chosen(node, parameters), (session) => session.unsubscribe(channel));
}

export async function disconnect(node: ApiNode, parameters: Parameters): Promise<JsonText> {
  const spared = new Set(textsOf(parameters, "whitelist", mostSpared));
  const reason = reasonOf(parameters["disconnect"]);
  for (const session of chosen(node, parameters)) if (!spared.has(session.id)) session.close(reason);
  return "{}";
}

/** Those of `user`, or `client` alone; both: that one if it is the user's. Nobody in particular is nobody. */
function chosen({ sessions }: ApiNode, parameters: Parameters): readonly ApiSession[] {
  refuse(parameters, unsupported);
  const [user, client] = [textOf(parameters, "user"), textOf(parameters, "client")];
  if (user === "" && client === "") fail("bad_request", "expected a user or a client, got neither");
  const one = sessions.get(client);
  const candidates = client === "" ? [...sessions.values()] : one === undefined ? [] : [one];
  return candidates.filter(({ identity }) => user === "" || identity.user === user);
}

async function forEach(
  sessions: readonly ApiSession[],
  act: (session: ApiSession) => Promise<unknown>,
): Promise<JsonText> {
  const outcomes = await Promise.allSettled(sessions.map(act));
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return "{}";
}

/** By its number in the protocol; each has its own fixed words. */
function reasonOf(given: unknown): CloseReasonName {
  if (given === undefined || given === null) return "force_disconnect";
  const { code } = given as { readonly code?: unknown };
  const names = Object.keys(closeReasons) as CloseReasonName[];
  return names.find((name) => closeReasons[name].code === code) ?? fail("bad_request", unknownCode);
}

const unknownCode = "disconnect.code: expected a close code of the protocol, such as 3011 or 3503";
