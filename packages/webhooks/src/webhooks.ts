// Webhooks, as an application holds them: told by a server, or by the application itself, and shown by the server's API.
import { resolve as resolvePath } from "node:path";
import { fail } from "@tidewire/protocol";
import { type Clock, type Log, silentLog, systemClock } from "@tidewire/protocol/ports";
import {
  type DeadDelivery,
  type DeliveryQuery,
  type EndpointFigures,
  type EndpointState,
  type Fact,
  keyOf,
  type LifecycleEvent,
  type LifecycleSink,
  type LifecycleType,
  standingOf,
  type WebhookDesk,
} from "@tidewire/server";
import { completed, type Endpoint, wants, type WebhookEndpoint } from "./endpoint.ts";
import type { Notice } from "./notice.ts";
import { ThreadLink } from "./thread-link.ts";

/** What `createWebhooks` is given. */
export interface WebhooksOptions {
  /**
   * The database file; its folder is made. One process sends from it at a time: another one that has it open as well
   * waits, and goes on when the first is gone.
   */
  readonly path: string;
  /** At most 100. */
  readonly endpoints: readonly WebhookEndpoint[];
  /** Bytes of the file in use, above which nothing more is taken, with `limit_exceeded`. Default: 1,073,741,824. */
  readonly maxFileBytes?: number;
  /** Default: says nothing. */
  readonly log?: Log;
}

/** Something of the application's own that endpoints are told. */
export interface Telling {
  /** Such as `order.paid`: letters, digits and "_", in parts with "." between them; 1 to 64 characters. */
  readonly type: string;
  /** 1 to 128 letters, digits, "_" or "-". Told again within a day with the same id, it is not told again. */
  readonly id: string;
  /** What JSON can hold, at most 65,536 bytes of it. */
  readonly data: unknown;
  /** When it happened, in milliseconds since 1970. Default: now. */
  readonly atMs?: number;
}

/** Tells HTTP endpoints what happens. It is what a server takes as its `lifecycle` and as its `webhooks`. */
export interface Webhooks extends LifecycleSink, WebhookDesk {
  readonly types: readonly LifecycleType[];
  /** @throws {TidewireError} `engine_unavailable` when the database cannot be used; not where another process has it. */
  open(): Promise<void>;
  /** Takes nothing more. What is not delivered is when somebody opens it again; what is under way has `graceMs`. Default: 1,000. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
  recall(): Promise<readonly Fact[]>;
  adopt(facts: readonly Fact[]): Promise<void>;
  /**
   * Tells something of the application's own; resolves when it survives a crash (W5).
   * @throws {TidewireError} `engine_unavailable`, also where another process sends, `limit_exceeded`, `too_large`,
   * `invalid_data`; `indeterminate` when nobody can know: telling it again is safe.
   */
  tell(telling: Telling): Promise<void>;
}

const lifecycleTypes: readonly LifecycleType[] = [
  "connection.opened",
  "connection.closed",
  "channel.occupied",
  "channel.vacated",
  "member.joined",
  "member.left",
];

const mostEndpoints = 100;
const mostDataBytes = 65_536;

/** Nothing is opened before `open`. @throws {TypeError} when an endpoint is malformed, or two have one name. */
export function createWebhooks(options: WebhooksOptions): Webhooks {
  const { path, log = silentLog, maxFileBytes = 1_073_741_824 } = options;
  if (path === "") throw new TypeError("the path of a database file was expected, got an empty text");
  if (!Number.isSafeInteger(maxFileBytes) || maxFileBytes < 1) {
    throw new RangeError(`maxFileBytes is a positive integer, got ${maxFileBytes}`);
  }
  const endpoints = options.endpoints.map((endpoint) => completed(endpoint));
  if (endpoints.length > mostEndpoints)
    throw new TypeError(`at most ${mostEndpoints} endpoints, got ${endpoints.length}`);
  const twice = endpoints.find(({ name }, index) => endpoints.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw new TypeError(`two endpoints are called "${twice.name}"`);
  const thread = { path: resolvePath(path), maxFileBytes, endpoints };
  return new ThreadedWebhooks(endpoints, new ThreadLink({ thread, clock: systemClock, log }), systemClock);
}

class ThreadedWebhooks implements Webhooks {
  readonly types: readonly LifecycleType[];
  readonly #link: ThreadLink;
  readonly #clock: Clock;

  constructor(endpoints: readonly Endpoint[], link: ThreadLink, clock: Clock) {
    this.types = lifecycleTypes.filter((type) => endpoints.some((endpoint) => wants(endpoint, type)));
    this.#link = link;
    this.#clock = clock;
  }

  async open(): Promise<void> {
    await this.#link.open();
  }

  async close({ graceMs = 1_000 }: { readonly graceMs?: number } = {}): Promise<void> {
    await this.#link.close(graceMs);
  }

  async recall(): Promise<readonly Fact[]> {
    const facts = await this.#link.ask({ kind: "recall" });
    return facts.map((fact) => JSON.parse(fact) as Fact);
  }

  async adopt(facts: readonly Fact[]): Promise<void> {
    const standing = facts.map((fact) => ({ key: keyOf(fact), fact: JSON.stringify(fact) }));
    await this.#link.ask({ kind: "adopt", standing });
  }

  async take(events: readonly LifecycleEvent[]): Promise<void> {
    await this.#link.ask({ kind: "take", notices: events.map((event) => noticeOf(event)) });
  }

  async tell({ type, id, data, atMs = this.#clock.wall() }: Telling): Promise<void> {
    if (!/^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$/.test(type) || type.length > 64) {
      fail("invalid_data", 'type: expected up to 64 letters, digits and "_" in parts with "." between them');
    }
    if (!/^[\w-]{1,128}$/.test(id)) fail("invalid_data", 'id: expected 1 to 128 letters, digits, "_" or "-"');
    const json = jsonOf(data);
    const bytes = Buffer.byteLength(json);
    if (bytes > mostDataBytes)
      fail("too_large", `data: at most ${mostDataBytes} bytes of JSON were expected, got ${bytes}`);
    await this.#link.ask({ kind: "take", notices: [{ id, type, atMs, data: json, standing: null }] });
  }

  async endpoints(): Promise<readonly EndpointState[]> {
    return await this.#link.ask({ kind: "states" });
  }

  async figures(): Promise<readonly EndpointFigures[]> {
    return await this.#link.ask({ kind: "figures" });
  }

  async dead(query: DeliveryQuery): Promise<readonly DeadDelivery[]> {
    return await this.#link.ask({ kind: "dead", query });
  }

  async replay(which: { readonly endpoint: string | null; readonly id: string | null }): Promise<number> {
    return await this.#link.ask({ kind: "replay", which });
  }
}

function noticeOf(event: LifecycleEvent): Notice {
  const { id, type, atMs, ...data } = event;
  const { fact, holds } = standingOf(event);
  return {
    id,
    type,
    atMs,
    data: JSON.stringify(data),
    standing: { key: keyOf(fact), fact: holds ? JSON.stringify(fact) : null },
  };
}

function jsonOf(data: unknown): string {
  try {
    const json = JSON.stringify(data) as string | undefined;
    return json ?? fail("invalid_data", `data: a value that JSON can hold was expected, got ${typeof data}`);
  } catch (thrown) {
    return fail("invalid_data", `data: a value that JSON can hold was expected (${String(thrown)})`);
  }
}
