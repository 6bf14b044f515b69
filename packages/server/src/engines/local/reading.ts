// What a worker said, before anybody acts on it: whatever is no word of a worker's is refused whole.
import type { Body, Draft } from "../../engine/engine.ts";
import { faultOfMember, isTags } from "../../engine/answers.ts";
import type { BareDraft, FromWorker } from "./messages.ts";

type Fields = Readonly<Record<string, unknown>>;

/** @throws {TypeError} with what was expected. */
export function readFromWorker(header: unknown): FromWorker {
  const said = fieldsOf(header, "a header");
  const fault = faultOf(said);
  if (fault !== null) throw new TypeError(`expected ${fault}`);
  return said as unknown as FromWorker;
}

function faultOf(said: Fields): string | null {
  switch (said["kind"]) {
    case "publish":
      return numbered(said) ?? channelOf(said) ?? faultOfDraft(said["draft"]);
    case "read":
      return numbered(said) ?? channelOf(said) ?? faultOfRead(said);
    case "tops":
      return numbered(said) ?? (areTexts(said["channels"]) ? null : "channels");
    case "take":
      return numbered(said) ?? channelOf(said) ?? (isCount(said["ttlMs"]) ? null : "for how long");
    case "follow":
    case "watch":
    case "list":
      return numbered(said) ?? channelOf(said);
    case "ask":
      return numbered(said) ?? (said["node"] === null || typeof said["node"] === "string" ? null : "a node");
    case "ping":
      return numbered(said);
    case "unfollow":
    case "unwatch":
    case "release":
      return channelOf(said);
    case "join":
      return channelOf(said) ?? (faultOfMember(said["member"]) === null ? null : "a member");
    case "leave":
      return channelOf(said) ?? (typeof said["session"] === "string" ? null : "a session");
    case "answer":
      return isCount(said["to"]) && typeof said["isGiven"] === "boolean" ? null : "which question is answered";
    case "hello":
      return isCount(said["version"]) && typeof said["node"] === "string" ? null : "a version and a node";
    default:
      return "a word of a worker's";
  }
}

function numbered({ n }: Fields): string | null {
  return isCount(n) ? null : "a number";
}

function channelOf({ channel }: Fields): string | null {
  return typeof channel === "string" ? null : "a channel";
}

function faultOfRead({ start, limit }: Fields): string | null {
  const { publications, bytes } = Object(limit) as Fields;
  if (!isCount(publications) || typeof bytes !== "number") return "a page's limit";
  if (start === "oldest" || start === "newest") return null;
  const { after, before } = Object(start) as Fields;
  const { epoch, offset } = Object(after ?? before) as Fields;
  return typeof epoch === "string" && isCount(offset) ? null : "a page's start";
}

function faultOfDraft(given: unknown): string | null {
  const draft = Object(given) as Readonly<{
    [Name in keyof BareDraft | "retention" | "body" | "key" | "fence" | "author" | "idempotencyKey"]?: unknown;
  }>;
  if (draft.kind === "clear") return null;
  if (draft.kind === "remove") {
    const isRemoval = typeof draft.key === "string" && isAuthor(draft.author) && isRetention(draft.retention);
    return isRemoval ? null : "a removal";
  }
  if (draft.kind !== "value") return "a draft";
  if (draft.retention !== null && !isRetention(draft.retention)) return "a retention";
  if (draft.fence !== undefined && !isCount(draft.fence)) return "a fence";
  if (!isOptionalText(draft.idempotencyKey)) return "an idempotency key";
  return isBody(draft.body) ? null : "a body";
}

const forms: ReadonlySet<unknown> = new Set<Body["form"]>(["json", "text", "bytes"]);

function isBody(given: unknown): boolean {
  const { form, key, author, tags } = Object(given) as Fields;
  return forms.has(form) && isOptionalText(key) && isAuthor(author) && (tags === undefined || isTags(tags));
}

type Retention = Exclude<Draft, { kind: "clear" }>["retention"];

/** Whether its numbers make sense the engine says. */
function isRetention(given: unknown): given is Retention {
  const { kind, ...sizes } = Object(given) as Fields;
  const values = Object.values(sizes);
  return (
    (kind === undefined || kind === "table") && values.length > 0 && values.every((size) => typeof size === "number")
  );
}

function isAuthor(given: unknown): boolean {
  return given === undefined || faultOfMember(given) === null;
}

function isOptionalText(given: unknown): boolean {
  return given === undefined || typeof given === "string";
}

function areTexts(given: unknown): boolean {
  return Array.isArray(given) && given.every((text) => typeof text === "string");
}

function isCount(given: unknown): given is number {
  return Number.isSafeInteger(given) && (given as number) >= 0;
}

/** @throws {TypeError} */
export function fieldsOf(given: unknown, what: string): Fields {
  if (typeof given === "object" && given !== null) return given as Fields;
  throw new TypeError(`expected ${what}, got ${given === null ? "null" : typeof given}`);
}
