// Every option of the server: meaning, unit, default and limit. They are checked once, here.
import { totalmem } from "node:os";
import type { ChannelDefinition } from "@tidewire/protocol";
import type { AccessRules, OtherCalls } from "./access.ts";
import { descriptorLimit } from "./descriptor-limit.ts";
import type { Engine } from "./engine/engine.ts";
import type { WebhookDesk } from "./lifecycle/desk.ts";
import type { JobDesk } from "./lifecycle/job-desk.ts";
import type { LifecycleSink } from "./lifecycle/events.ts";
import type { Clock } from "./ports/clock.ts";
import type { Log } from "./ports/log.ts";
import type { Random } from "./ports/random.ts";
import type { ProxyOptions } from "./proxy/proxy-options.ts";
import type { TokenOptions } from "./tokens/verifier.ts";

/** Limits. Zero and negative numbers are refused, never read as "unlimited". */
export interface Limits {
  /** Bytes of one message from a client, or of one body to `/raw/{channel}`. Above: close 1009, or 413. Default 65,536. */
  readonly messageBytes: number;
  /** Bytes of one request body of the server API. Above: 413. Default 1,048,576. */
  readonly requestBodyBytes: number;
  /** Requests of one connection that were not answered yet. Above: cut. Default 32. */
  readonly unansweredRequests: number;
  /** Fragments of one message. Above: close 1008. Default 64. */
  readonly fragments: number;
  /** Pings of one connection whose pongs it has not taken. Above: close 1008. Default 60. */
  readonly pendingPongs: number;
  /** Commands in one frame. Default 100. */
  readonly commandsPerFrame: number;
  /** Nesting of JSON from a client. Default 32. */
  readonly jsonDepth: number;
  /** Keys of one JSON object from a client. Default 1,000. */
  readonly jsonKeys: number;
  /** Subscriptions of one connection. Default 128. */
  readonly channelsPerConnection: number;
  /** Control frames (replies, events) waiting for one connection. Default 256. */
  readonly controlFrames: number;
  /** Bytes of them. Default 262,144. */
  readonly controlBytes: number;
  /** Bytes of one reply. Above: `limit_exceeded`. Default 1,048,576. */
  readonly replyBytes: number;
  /** Bytes in this process waiting for one socket, above which its cursors wait. Default 65,536. */
  readonly watermarkBytes: number;
  /** Bytes of publications that one turn gives to one connection, or one publication if larger. Default 65,536. */
  readonly pageBytes: number;
  /** Milliseconds from the upgrade to the first command, or from a request to the end of its body. Default 10,000. */
  readonly firstCommandMs: number;
  /** Milliseconds between pings. Default 25,000. */
  readonly pingIntervalMs: number;
  /** Milliseconds a pong may take after its ping has left. Default 10,000. */
  readonly pongTimeoutMs: number;
  /** Milliseconds that a connection or subscription stays after its token has expired. Default 25,000. */
  readonly expiryGraceMs: number;
  /** Milliseconds a slow reader may go without taking a byte. Default 60,000. */
  readonly stalledMs: number;
  /** Milliseconds for the closing handshake. Default 5,000. */
  readonly closeTimeoutMs: number;
  /** Milliseconds over which `stop` spreads the closing of connections. Default 30,000. */
  readonly drainMs: number;
  /** Open connections of this node. Default: 90 % of the descriptors that the process may open, or 10,000 where that is not known. */
  readonly connections: number;
  /** Open connections of one public address. Default 100. */
  readonly connectionsPerAddress: number;
  /** New connections of one public address in a second. Default 20. */
  readonly newPerAddressPerSecond: number;
  /** New connections of this node in a second; above, they queue. Default 1,000. */
  readonly newPerSecond: number;
  /** Connections in that queue. Above: 503. Default 10,000. */
  readonly admissionQueue: number;
  /** Milliseconds that each of them waits at most; then: 503. Default 10,000. */
  readonly admissionQueueMs: number;
  /** Connections of one user (guests without an account excepted). Default 10. */
  readonly connectionsPerUser: number;
  /** Subscribes of one connection: a second, and in a burst. Default 50 and 128. */
  readonly subscribesPerSecond: number;
  readonly subscribeBurst: number;
  /** Publishes of one connection, or by the requests of one client: a second, and in a burst. Default 50 and 100. */
  readonly publishesPerSecond: number;
  readonly publishBurst: number;
  /** Bytes that one connection publishes in a second. Default 262,144. */
  readonly publishBytesPerSecond: number;
  /** Publishes of all connections of one user (guests without an account excepted): a second, and in a burst. Default 200 and 400. */
  readonly userPublishesPerSecond: number;
  readonly userPublishBurst: number;
  /** Refusals in a row for being too fast, after which the connection is closed. Default 10. */
  readonly refusalsInARow: number;
  /** Calls of one connection: a second, and in a burst. Default 50 and 100. */
  readonly callsPerSecond: number;
  readonly callBurst: number;
  /** Calls of one connection whose handlers have not ended. Above: `too_many_requests`. Default 64. */
  readonly callsPerConnection: number;
  /** Milliseconds a call may take where its handler was not given another time. Default 30,000. */
  readonly callDeadlineMs: number;
  /** Members shown by presence. Above: `limit_exceeded`. Default 1,000. */
  readonly membersShown: number;
  /** Bytes of what one member shows. Default 2,048. */
  readonly memberBytes: number;
  /** Memory of one channel's tail, in bytes (or four of its largest publications). Default 1,048,576. */
  readonly tailBytes: number;
  /** Memory of all tails together, in bytes. Default: a quarter of the machine's, at most 1,073,741,824. */
  readonly tailsBytes: number;
  /** Bytes of one publication's payload. Above: `too_large`. Default 1,048,576. */
  readonly publicationBytes: number;
  /** Milliseconds a channel stays after its last subscriber. Default 30,000. */
  readonly lingerMs: number;
  /** History reads in flight on this node. Default 64. */
  readonly historyReads: number;
  /** Publications of one history request. Default 300. */
  readonly historyPublications: number;
}

/** The limits of a server that was given no others. Those that depend on the machine are what this one has. */
export const defaultLimits: Limits = {
  messageBytes: 65_536,
  requestBodyBytes: 1_048_576,
  unansweredRequests: 32,
  fragments: 64,
  pendingPongs: 60,
  commandsPerFrame: 100,
  jsonDepth: 32,
  jsonKeys: 1_000,
  channelsPerConnection: 128,
  controlFrames: 256,
  controlBytes: 262_144,
  replyBytes: 1_048_576,
  watermarkBytes: 65_536,
  pageBytes: 65_536,
  firstCommandMs: 10_000,
  pingIntervalMs: 25_000,
  pongTimeoutMs: 10_000,
  expiryGraceMs: 25_000,
  stalledMs: 60_000,
  closeTimeoutMs: 5_000,
  drainMs: 30_000,
  connections: Math.max(1, Math.floor((descriptorLimit() ?? 11_112) * 0.9)),
  connectionsPerAddress: 100,
  newPerAddressPerSecond: 20,
  newPerSecond: 1_000,
  admissionQueue: 10_000,
  admissionQueueMs: 10_000,
  connectionsPerUser: 10,
  subscribesPerSecond: 50,
  subscribeBurst: 128,
  publishesPerSecond: 50,
  publishBurst: 100,
  publishBytesPerSecond: 262_144,
  userPublishesPerSecond: 200,
  userPublishBurst: 400,
  refusalsInARow: 10,
  callsPerSecond: 50,
  callBurst: 100,
  callsPerConnection: 64,
  callDeadlineMs: 30_000,
  membersShown: 1_000,
  memberBytes: 2_048,
  tailBytes: 1_048_576,
  tailsBytes: Math.min(1_073_741_824, Math.floor(totalmem() / 4)),
  publicationBytes: 1_048_576,
  lingerMs: 30_000,
  historyReads: 64,
  historyPublications: 300,
};

/** What is compressed. */
export interface CompressionOptions {
  /** Bytes of a message from which on it is compressed; smaller ones gain little. Default 1,024. */
  readonly fromBytes?: number;
}

/** Whether guests and pages of any origin are let in (`development`), or only who proves something. */
export type Mode = "development" | "production";

/** What `createTidewire` takes. Only `channels` is needed. */
export interface ServerOptions {
  /** The channels this server knows; a name that matches none is refused. */
  readonly channels: readonly ChannelDefinition[];
  /** Where the log is kept. Default: in memory, gone at the end of the process. */
  readonly engine?: Engine;
  /**
   * Names this node among others of one engine: in the label `node` of its metrics, and in `info`. No two may have the same:
   * one that finds its name taken a minute after its start, when whoever was leaving has left, logs a warning with both.
   * Default: its metrics have a name that is another one after each start.
   */
  readonly nodeName?: string;
  readonly access?: AccessRules;
  /** Answers the calls that no handler is bound to. Default: `not_available`. */
  readonly otherCalls?: OtherCalls;
  /** Events that a backend decides over HTTP. Its words stand before those of `access` and `otherCalls`. Default: none. */
  readonly proxy?: ProxyOptions;
  /** How tokens of clients are verified. Default: they are not; the `connect` rule sees them as they came. */
  readonly tokens?: TokenOptions;
  /** Development lets guests and pages of any origin in. Default: development when every address listened on is loopback. */
  readonly mode?: Mode;
  /** Pages that may connect, such as `https://app.example`. Default: those of the host itself. `"*"` where no cookie is read. */
  readonly origins?: readonly string[];
  /**
   * Who is told what happens: who connects, which channels are occupied, who is in them. `true`: another node on the same
   * engine tells what happens here as well. Default: nobody is told.
   */
  readonly lifecycle?: LifecycleSink | true;
  /** What the server API shows of webhooks. Default: there are none. */
  readonly webhooks?: WebhookDesk;
  /** What `/metrics` tells of jobs: `jobDesk` of `@tidewire/jobs`. Default: nothing. */
  readonly jobs?: JobDesk;
  /** What `X-API-Key` must say. Without it the server API is closed. */
  readonly apiKey?: string;
  /** The channel that an upgrade at `/` opens in the raw dialect. Default: none. */
  readonly rootChannel?: string;
  /** What the raw dialect says to whoever opens a channel. Default: nothing. */
  readonly greetings?: Readonly<Record<string, string>>;
  /** Addresses of balancers whose `X-Forwarded-For` counts. Default: none. */
  readonly trustProxy?: readonly string[];
  /**
   * Lets WebSocket clients agree on `permessage-deflate`. A publication is compressed once for all who did, and no window is
   * kept for a connection; what a message inflates to counts as its bytes (`limits.messageBytes`). Default: false.
   */
  readonly compression?: boolean | CompressionOptions;
  readonly limits?: Partial<Limits>;
  readonly log?: Log;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** @throws {RangeError} when a limit is not a positive integer, {TypeError} when its name is not known. */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaultLimits, name)) throw new TypeError(`limits.${name} is not a limit`);
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`limits.${name} is a positive integer, got ${String(value)}`);
    }
  }
  return { ...defaultLimits, ...given };
}

/** @returns `null` where it is off. @throws {RangeError} when `fromBytes` is not a positive integer. */
export function resolveCompression(given: ServerOptions["compression"] = false): Required<CompressionOptions> | null {
  if (given === false) return null;
  const { fromBytes = 1_024 } = given === true ? {} : given;
  if (!Number.isSafeInteger(fromBytes) || fromBytes < 1) {
    throw new RangeError(`compression.fromBytes is a positive integer, got ${String(fromBytes)}`);
  }
  return { fromBytes };
}
