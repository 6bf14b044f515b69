// history and history_remove: what a channel keeps, and forgetting it.
import { fail, type Member, type Position } from "@tidewire/protocol";
import type { Publication } from "../../engine/engine.ts";
import type { ApiNode } from "./node.ts";
import { channelOf, type JsonText, type Parameters } from "./parameters.ts";

// A byte order mark is a character like any other: JSON may not begin with one (RFC 8259 §8.1), a text may.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** As the command of that name: limit 0 gives the position alone, a negative one as many as a request may. */
export async function history({ hub, limits }: ApiNode, parameters: Parameters): Promise<JsonText> {
  const { limit = 0, reverse } = parameters;
  if (typeof limit !== "number" || !Number.isSafeInteger(limit)) {
    return fail("bad_request", "limit: expected an integer");
  }
  const since = sinceOf(parameters["since"]);
  const isReverse = reverse === true;
  if (isReverse && since?.offset === 0) fail("bad_request", "nothing lies before offset 0");
  const most = limits.historyPublications;
  const request = { limit: limit < 0 ? most : Math.min(limit, most), since, reverse: isReverse };
  const channel = channelOf(parameters);
  const { carries } = hub.registry.resolve(channel).definition;
  if (carries === "bytes") fail("bad_request", "this channel carries bytes, for which the API has no word");
  const { publications, top } = await hub.history(channel, request);
  const { epoch, offset } = top;
  return `{"publications":[${publications.map(written).join(",")}],"epoch":${JSON.stringify(epoch)},"offset":${offset}}`;
}

/** Its numbering begins anew, in another epoch: whoever listens is told that it has missed something. */
export async function historyRemove({ hub }: ApiNode, parameters: Parameters): Promise<JsonText> {
  await hub.clear(channelOf(parameters));
  return "{}";
}

function sinceOf(given: unknown): Position | null {
  return given === undefined || given === null ? null : positionOf("since", given);
}

/** @throws {TidewireError} `bad_request` */
export function positionOf(name: string, given: unknown): Position {
  const badSince = `${name}: expected an offset and an epoch`;
  if (typeof given !== "object") fail("bad_request", badSince);
  const { offset = 0, epoch = "" } = given as { readonly offset?: unknown; readonly epoch?: unknown };
  const isOffset = typeof offset === "number" && Number.isSafeInteger(offset) && offset >= 0;
  if (isOffset && typeof epoch === "string") return { offset, epoch };
  return fail("bad_request", badSince);
}

function written({ data, form, offset, author, tags, key, removed }: Publication): JsonText {
  const text = decoder.decode(data);
  const rest = JSON.stringify({ offset, info: author && shown(author), tags, key, removed });
  return `{"data":${form === "json" ? text : JSON.stringify(text)},${rest.slice(1)}`;
}

/** A member, as the API shows one; what is undefined is left out of the JSON. */
export function shown({ user, session, info, channelInfo }: Member): object {
  return { user, client: session, conn_info: info, chan_info: channelInfo };
}
