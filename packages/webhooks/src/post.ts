// One attempt: a request to an address that was looked at before, within its time, and an answer no longer than need be.
import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import type { Clock } from "@tidewire/protocol/ports";
import { isPublic } from "./addresses.ts";
import { hostOf } from "./endpoint.ts";
import type { Resolve } from "./ports/resolver.ts";

/** Why an attempt came to nothing. */
export type FailureReason =
  | "bad_answer"
  | "cut_off"
  | "gone"
  | "private_address"
  | "redirected"
  | "status"
  | "timed_out"
  | "too_large"
  | "unreachable"
  | "unresolved";

export class PostFailure extends Error {
  override readonly name: string = "PostFailure";
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface Posting {
  readonly url: string;
  readonly allowsPrivate: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface PostPorts {
  readonly clock: Clock;
  readonly resolve: Resolve;
  /** Certificates of authorities to trust. Default: Node's. */
  readonly ca?: string;
  /** Aborted when nobody waits for it any more. */
  readonly signal?: AbortSignal;
}

/** From the first look for its address to the end of its answer. */
const limitMs = 5_000;
const mostAnswerBytes = 65_536;
const mostHeaderBytes = 16_384;
const mostAddresses = 4;

/** Resolves when the endpoint has said that it has it, and its answer was whole. @throws {PostFailure} */
export async function post(posting: Posting, ports: PostPorts): Promise<void> {
  const late = new AbortController();
  const cancel = ports.clock.after(limitMs, () => late.abort());
  const signal = ports.signal === undefined ? late.signal : AbortSignal.any([late.signal, ports.signal]);
  try {
    await within(signal, attempt(posting, { ...ports, signal }));
  } catch (thrown) {
    if (signal.aborted) throw new PostFailure("timed_out", `no whole answer within ${limitMs} ms`);
    throw thrown;
  } finally {
    cancel();
    // Whatever is still under way of it.
    late.abort();
  }
}

type Waiting = PostPorts & { readonly signal: AbortSignal };

async function attempt(posting: Posting, ports: Waiting): Promise<void> {
  const url = new URL(posting.url);
  const addresses = await addressesOf(url, posting, ports);
  for (const [index, address] of addresses.entries()) {
    try {
      return await ask({ url, address, posting }, ports);
    } catch (thrown) {
      const failure = failureOf(thrown);
      // Nothing was sent: another address of the same host may answer.
      if (failure.reason !== "unreachable" || index + 1 === addresses.length) throw failure;
    }
  }
}

/** Looked up once: what is connected to is what was looked at, whatever the name server says next. */
async function addressesOf(url: URL, { allowsPrivate }: Posting, { resolve }: Waiting): Promise<readonly string[]> {
  const host = hostOf(url);
  const found = isIP(host) === 0 ? await resolved(host, resolve) : [host];
  const hidden = allowsPrivate ? undefined : found.find((address) => !isPublic(address));
  if (hidden !== undefined) {
    throw new PostFailure("private_address", `a public address was expected, ${host} is ${hidden}`);
  }
  // Where only one of them works it is this one more often than not.
  return found.toSorted((one, other) => isIP(one) - isIP(other)).slice(0, mostAddresses);
}

async function resolved(host: string, resolve: Resolve): Promise<readonly string[]> {
  try {
    return await resolve(host);
  } catch (thrown) {
    throw new PostFailure("unresolved", `no address of ${host} was found (${wordOf(thrown)})`);
  }
}

interface Asked {
  readonly url: URL;
  readonly address: string;
  readonly posting: Posting;
}

function ask({ url, address, posting }: Asked, { signal, ca }: Waiting): Promise<void> {
  const isSecure = url.protocol === "https:";
  const host = hostOf(url);
  const options = {
    host: address,
    port: url.port === "" ? (isSecure ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    method: "POST",
    // One connection each: an old one may be closed from the other side just now, which would cost a minute.
    agent: false,
    maxHeaderSize: mostHeaderBytes,
    signal,
    headers: {
      ...posting.headers,
      host: url.host,
      "content-length": Buffer.byteLength(posting.body),
      connection: "close",
    },
  } as const;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const secure = { ...(isIP(host) === 0 && { servername: host }), ...(ca !== undefined && { ca }) };
  const request: ClientRequest = isSecure ? requestHttps({ ...options, ...secure }) : requestHttp(options);
  let isSent = false;
  request.once("finish", () => (isSent = true));
  request.on("error", (error) => reject(isSent && !isRefusal(error) ? brokenBy(error) : unreachable(error)));
  request.on("response", (response) => readAnswer(response, resolve, reject));
  request.end(posting.body);
  return promise.finally(() => request.destroy());
}

function readAnswer(response: IncomingMessage, resolve: () => void, reject: (failure: PostFailure) => void): void {
  const { statusCode: status = 0 } = response;
  const isRedirect = status >= 300 && status < 400;
  if (isRedirect) return reject(new PostFailure("redirected", `redirects are not followed, the answer was ${status}`));
  if (status === 410) return reject(new PostFailure("gone", "the answer was 410: it wants nothing more"));
  if (status < 200 || status >= 300)
    return reject(new PostFailure("status", `a status of 2xx was expected, got ${status}`));
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > mostAnswerBytes)
      reject(new PostFailure("too_large", `the answer had more than ${mostAnswerBytes} bytes`));
  });
  response.on("end", resolve);
  const cutOff = (): void => reject(new PostFailure("cut_off", "the connection ended in the middle of the answer"));
  response.on("error", cutOff);
  response.on("aborted", cutOff);
}

function brokenBy(error: Error): PostFailure {
  const code = wordOf(error);
  if (code.startsWith("HPE_")) return new PostFailure("bad_answer", `an answer in HTTP was expected (${code})`);
  return new PostFailure("cut_off", `the connection ended before the answer (${code})`);
}

function unreachable(error: Error): PostFailure {
  return new PostFailure("unreachable", `no connection could be made (${wordOf(error)})`);
}

function isRefusal(error: Error): boolean {
  return ["ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH"].includes(wordOf(error));
}

export function failureOf(thrown: unknown): PostFailure {
  return thrown instanceof PostFailure ? thrown : new PostFailure("cut_off", wordOf(thrown));
}

function wordOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return "unknown";
  return "code" in thrown && typeof thrown.code === "string" ? thrown.code : thrown.message.slice(0, 200);
}

function within<Value>(signal: AbortSignal, working: Promise<Value>): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(new PostFailure("timed_out", "")), { once: true });
  // Whoever loses has nobody to tell.
  working.catch(() => undefined);
  return Promise.race([working, promise]);
}
