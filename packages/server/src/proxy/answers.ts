// What a backend answers, in Centrifugo's shapes, checked: a result, an error for the client, or the end of its connection.
import { TidewireError } from "@tidewire/protocol";
import { Disconnect, type Identity, type PublishTerms, type Renewal, type SubscribeTerms } from "../access.ts";
import { BackendFault } from "./answer-text.ts";

type Fields = Readonly<Record<string, unknown>>;

/** @throws {TidewireError | Disconnect} the backend's own, {BackendFault} for what is none of these. */
export function resultOf(answer: unknown): Fields {
  const { result, error, disconnect } = objectOf("the answer", answer);
  if (isSet(disconnect)) throw disconnectOf(objectOf("disconnect", disconnect));
  if (isSet(error)) throw errorOf(objectOf("error", error));
  if (!isSet(result)) throw new BackendFault("expected result, error or disconnect, got none of them");
  return objectOf("result", result);
}

export function identityOf(answer: unknown): Identity {
  const result = resultOf(answer);
  refuse(result, ["caps"]);
  const { user, meta } = result;
  if (typeof user !== "string") throw new BackendFault(`user: expected a text, got ${typeof user}`);
  const subs = isSet(result["subs"]) ? Object.keys(objectOf("subs", result["subs"])) : [];
  const expiresAt = timeOf(result);
  return {
    user,
    info: jsonOf(result, "info"),
    data: jsonOf(result, "data"),
    subscriptions: [...channelsOf(result), ...subs],
    ...(expiresAt !== null && { expiresAt }),
    ...(isSet(meta) && { meta: objectOf("meta", meta) }),
  };
}

export function subscribeTermsOf(answer: unknown): SubscribeTerms {
  const result = resultOf(answer);
  refuse(result, ["override", "allow", "server_tags_filter"]);
  return { info: jsonOf(result, "info"), data: jsonOf(result, "data"), expiresAt: timeOf(result) ?? 0 };
}

export function publishTermsOf(answer: unknown): PublishTerms {
  const result = resultOf(answer);
  refuse(result, ["skip_history", "version", "version_epoch"]);
  const [data, tags, key] = [jsonOf(result, "data"), tagsOf(result), result["idempotency_key"]];
  const isKey = typeof key === "string" && key.length <= 64;
  if (isSet(key) && !isKey) throw new BackendFault("idempotency_key: expected a text of 1 to 64 characters");
  return { data, ...(tags !== null && { tags }), ...(isKey && key !== "" && { idempotencyKey: key }) };
}

export function renewalOf(answer: unknown): Renewal {
  const result = resultOf(answer);
  refuse(result, ["info", "b64info", "meta", "caps"]);
  return result["expired"] === true ? "expired" : { expiresAt: timeOf(result) };
}

/** What a call returns; `null` where the backend says nothing. */
export function dataOf(answer: unknown): unknown {
  return jsonOf(resultOf(answer), "data") ?? null;
}

function disconnectOf({ code, reason = "" }: Fields): Error {
  if (typeof code === "number" && typeof reason === "string") {
    try {
      return new Disconnect(code, reason);
    } catch {
      // It is told below what was expected.
    }
  }
  return new BackendFault("disconnect: expected a code from 4000 to 4999 and a reason of at most 100 bytes");
}

function errorOf({ code, message = "", temporary = false }: Fields): Error {
  const isCode = typeof code === "number" && Number.isInteger(code) && code >= 400 && code <= 1_999;
  if (isCode && typeof message === "string" && message.length <= 1_000 && typeof temporary === "boolean") {
    return new TidewireError({ code, temporary }, message);
  }
  return new BackendFault("error: expected a code from 400 to 1999 and a message of at most 1000 characters");
}

/** As the protocol of the shapes has it: what is left out, null, empty or zero is not set. */
const isSet = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== "" && value !== 0 && value !== false;

/** What would change what is done, and is not done here, is no answer to act on. */
function refuse(result: Fields, names: readonly string[]): void {
  const name = names.find((each) => isSet(result[each]));
  if (name !== undefined) throw new BackendFault(`${name}: is not supported here`);
}

function objectOf(name: string, value: unknown): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw new BackendFault(`${name}: expected an object`);
}

/** JSON as it is, or in base64 under `b64…`; `undefined` without either. */
function jsonOf(result: Fields, name: string): unknown {
  const encoded = result[`b64${name}`];
  if (!isSet(encoded)) return result[name] ?? undefined;
  try {
    return JSON.parse(Buffer.from(String(encoded), "base64").toString()) as unknown;
  } catch {
    throw new BackendFault(`b64${name}: expected JSON in base64`);
  }
}

/** In seconds since 1970; `null` where there is none. */
function timeOf({ expire_at: at }: Fields): number | null {
  if (!isSet(at)) return null;
  if (typeof at === "number" && Number.isFinite(at) && at > 0) return at;
  throw new BackendFault("expire_at: expected seconds since 1970");
}

function channelsOf({ channels }: Fields): readonly string[] {
  if (!isSet(channels)) return [];
  if (Array.isArray(channels) && channels.every((name) => typeof name === "string")) return channels as string[];
  throw new BackendFault("channels: expected a list of names");
}

function tagsOf({ tags }: Fields): Readonly<Record<string, string>> | null {
  if (!isSet(tags)) return null;
  const entries = Object.entries(objectOf("tags", tags));
  const isMap = entries.length <= 32 && entries.every(([key, value]) => key.length <= 64 && typeof value === "string");
  if (!isMap) throw new BackendFault("tags: expected at most 32 texts by name");
  return Object.assign(Object.create(null) as Record<string, string>, tags);
}
