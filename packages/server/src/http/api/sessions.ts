// subscribe, unsubscribe, disconnect and refresh: commands to the connections of a user, or to one of them.
import { type CloseReasonName, closeReasons, fail } from "@tidewire/protocol";
import { Disconnect, type LiveTerms } from "../../access.ts";
import { positionOf } from "./history.ts";
import type { ApiNode, ApiSession } from "./node.ts";
import { channelOf, type JsonText, type Parameters, refuse, secondsOf, textOf, textsOf } from "./parameters.ts";

/** They would choose connections, or do something to them, that is not done here. */
const unsupported = ["label_filter", "all_users"];
const unsupportedOptions = ["b64info", "b64data", "override"];
/** Connections that a disconnect may spare. */
const mostSpared = 1_000;

/** @throws {TidewireError} the first connection's that cannot be subscribed; the others are subscribed all the same. */
export async function subscribe(node: ApiNode, parameters: Parameters): Promise<JsonText> {
  refuse(parameters, unsupportedOptions);
  const channel = channelOf(parameters);
  node.hub.registry.resolve(channel);
  const terms = termsOf(parameters);
  return await forEach(chosen(node, parameters), (session) => session.subscribe(channel, terms));
}

function termsOf(parameters: Parameters): LiveTerms {
  const { info, data, recover_since: since } = parameters;
  const expiresAt = secondsOf(parameters, "expire_at");
  return {
    info: info ?? undefined,
    data: data ?? undefined,
    ...(expiresAt !== null && { expiresAt }),
    ...(since !== undefined && since !== null && { since: positionOf("recover_since", since) }),
  };
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

/** In the past is over too. */
export async function refresh(node: ApiNode, parameters: Parameters): Promise<JsonText> {
  refuse(parameters, ["info"]);
  const expiresAt = secondsOf(parameters, "expire_at");
  const isOver = parameters["expired"] === true || (expiresAt !== null && expiresAt * 1_000 <= node.clock.wall());
  for (const session of chosen(node, parameters)) {
    if (isOver) session.close("connection_expired");
    else session.expireAt(expiresAt);
  }
  return "{}";
}

/** Those of `user`, or `client` alone (`session` is another name for it); both: that one if it is the user's. Nobody in particular is nobody. */
function chosen({ sessions }: ApiNode, parameters: Parameters): readonly ApiSession[] {
  refuse(parameters, unsupported);
  const [user, named] = [textOf(parameters, "user"), textOf(parameters, "client")];
  const session = textOf(parameters, "session");
  if (named !== "" && session !== "" && named !== session) return [];
  const client = named === "" ? session : named;
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

/** One of the protocol's by its number, with its own fixed words, or one of the application's. */
function reasonOf(given: unknown): CloseReasonName | Disconnect {
  if (given === undefined || given === null) return "force_disconnect";
  const { code = 0, reason = "" } = given as { readonly code?: unknown; readonly reason?: unknown };
  if (code === 0) return "force_disconnect";
  const names = Object.keys(closeReasons) as CloseReasonName[];
  const known = names.find((name) => closeReasons[name].code === code);
  if (known !== undefined) return known;
  try {
    return new Disconnect(code as number, String(reason));
  } catch {
    return fail("bad_request", unknownCode);
  }
}

const unknownCode =
  "disconnect: expected a close code of the protocol, such as 3503, or one from 4000 to 4999 and a reason of at most 100 bytes";
