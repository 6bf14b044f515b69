// The door "@tidewire/client/outbox": publishes that are kept until the server has them, over reloads and in all tabs.

import { fail } from "@tidewire/protocol";
import { attemptFailed, type Attempts, longestDelayMs, noAttempts, retryDelayMs } from "./backoff.ts";
import { type Channel, ChannelHandle } from "./channel.ts";
import type { Client } from "./client.ts";
import { type Cancel, type Clock, type Random, randomKey, systemClock, systemRandom } from "./clock.ts";
import type { ConnectionState } from "./connection-state.ts";
import { FrameValue } from "./frame-value.ts";
import { aged, changesAtMs, isWaiting, type KeptEntry, type OutboxEntry, shown } from "./outbox/entry.ts";
import { openIndexedStorage, type StoragePorts } from "./outbox/indexed-storage.ts";
import { drain } from "./outbox/sender.ts";
import { type Change, MemoryStorage, type OutboxStorage } from "./outbox/storage.ts";
import { systemPage } from "./page.ts";
import { type Report, rethrowLater, type Store } from "./store.ts";
import type { PlainChannelOptions } from "./subscription-options.ts";

export type { KeptEntry, KeptOutcome, OutboxEntry, OutboxState } from "./outbox/entry.ts";
export type { StoragePorts } from "./outbox/indexed-storage.ts";
export type { Change, NewEntry, OutboxStorage, Turn } from "./outbox/storage.ts";

/** Whose outbox it is, over which client it sends, and how much it may keep. */
export interface OutboxOptions {
  readonly client: Client;
  /** Who publishes. What one user has left is sent for that user alone, when an outbox is opened for that user again. */
  readonly user: string;
  /**
   * Whose connection it is, from what the server's `connect` rule sent along: nothing is sent over one of somebody
   * else's. Default: the connection is believed to be this user's.
   */
  readonly userOf?: (data: unknown) => string | null;
  /** The database's name; applications on one origin need one each. Default: `tidewire-outbox`. */
  readonly name?: string;
  /** How many entries may be kept, failed ones too; one more is refused as `overloaded`. Default: 1,000. */
  readonly maxEntries?: number;
  /** Bytes of data that may be kept, as JSON; more is refused as `overloaded`. Default: 8,388,608. */
  readonly maxBytes?: number;
  /** Milliseconds after which an entry that nobody has seen fails as `expired`. Default: 7 days. */
  readonly maxAgeMs?: number;
  /** Where entries are kept; one that cannot be opened is done without. Default: IndexedDB. */
  readonly storage?: (name: string, ports: StoragePorts) => Promise<OutboxStorage>;
  /** Takes what storage, or a listener of the application, threw. Default: it surfaces as an uncaught error. */
  readonly onError?: Report;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** What an outbox holds at a moment, and where it keeps it. */
export interface OutboxSnapshot {
  /** In the order in which they were published; `sent` ones for a minute more. */
  readonly entries: readonly OutboxEntry[];
  /** `memory`: this browser lets nothing be kept, so that closing the page loses what was not sent. */
  readonly storage: "opening" | "lasting" | "memory";
}

/** As a store its value changes at most once a frame. Its functions may be passed around without it. */
export interface Outbox extends Store<OutboxSnapshot> {
  /**
   * Keeps a publish, and sends it when it can: in order within its channel, and once, over reloads and in all tabs.
   * Resolves when it is kept; what becomes of it is in the snapshot.
   * @throws {TidewireError} `overloaded` when the outbox is full, `too_large`; what storage threw.
   * @see GUARANTEES P3, P4, P5
   */
  readonly publish: <Data>(channel: Channel<Data>, data: Data) => Promise<OutboxEntry>;
  /** Tries a failed entry again, as a new publish in its old place. False when there is no such entry. */
  readonly retry: (id: string) => Promise<boolean>;
  /** Takes an entry out, unless it is on its way. False when there is none to take. */
  readonly remove: (id: string) => Promise<boolean>;
  /** Sends nothing more from this page; what is kept stays. To be called before another user comes in. */
  readonly close: () => void;
}

/** The largest message the server takes, less what stands around the data. */
const maxEntryBytes = 65_000;

const defaults = {
  userOf: undefined,
  name: "tidewire-outbox",
  maxEntries: 1_000,
  maxBytes: 8_388_608,
  maxAgeMs: 604_800_000,
  storage: openIndexedStorage,
  onError: rethrowLater,
  clock: systemClock,
  random: systemRandom,
};

const encoder = new TextEncoder();

/** Opens the outbox of a user, and sends what an earlier page has left. @throws {TypeError} without a user. */
export function openOutbox(options: OutboxOptions): Outbox {
  if (options.user === "")
    throw new TypeError("expected the id of a user, whose publishes these are; got an empty text");
  return new KeptOutbox({ ...defaults, ...options });
}

type Settings = Omit<typeof defaults, "userOf"> &
  Pick<OutboxOptions, "client" | "user"> & {
    readonly userOf: OutboxOptions["userOf"] | undefined;
  };

class KeptOutbox implements Outbox {
  readonly getSnapshot: Outbox["getSnapshot"];
  readonly subscribe: Outbox["subscribe"];
  readonly #options: Settings;
  readonly #view: FrameValue<OutboxSnapshot>;
  readonly #opening: Promise<OutboxStorage>;
  #storage: OutboxStorage | null = null;
  /** What is kept, as far as this tab knows: its own changes at once, those of others when it is told. */
  readonly #entries = new Map<number, KeptEntry>();
  /** What has changed while entries are read, and may be newer than what is read. */
  readonly #changes = new Set<Map<number, KeptEntry | null>>();
  readonly #end = new AbortController();
  readonly #stops: Cancel[] = [];
  #isInTurn = false;
  /** Something may have come while it was sending. */
  #isDue = false;
  #attempts: Attempts = noAttempts;
  /** Channels that wait for `#stopRetry`; a new publish does not shorten that. */
  readonly #blocked = new Set<string>();
  #stopRetry: Cancel | null = null;
  #stopAging: Cancel | null = null;

  constructor(options: Settings) {
    this.#options = options;
    const { client, clock, random, onError } = options;
    const initial: OutboxSnapshot = { entries: [], storage: "opening" };
    this.#view = new FrameValue(initial, { clock, random, onError, page: systemPage }, () => () => undefined);
    this.getSnapshot = this.#view.getSnapshot;
    this.subscribe = this.#view.subscribe;
    this.#stops.push(client.onState((state) => this.#connectionChanged(state)));
    this.#opening = this.#open();
    // Each publish tells of it too.
    this.#opening.catch(onError);
  }

  readonly publish = async <Data>(channel: Channel<Data>, data: Data): Promise<OutboxEntry> => {
    const { clock, random, user } = this.#options;
    const given: unknown = data instanceof Uint8Array ? null : JSON.stringify(data);
    if (typeof given !== "string") throw new TypeError(`expected data that JSON can say, got ${typeof data}`);
    const bytes = encoder.encode(given).length;
    if (bytes > maxEntryBytes) fail("too_large", `at most ${maxEntryBytes} bytes, got ${bytes}`);
    const { mode = "stream", presence = false } = traitsOf(channel);
    const storage = await this.#opening;
    if (this.#end.signal.aborted) fail("not_available", "the outbox is closed");
    this.#admit(bytes);
    const entry = await storage.add({
      id: randomKey(random),
      user,
      channel: channel.name,
      traits: { mode, presence },
      json: given,
      bytes,
      createdAtMs: clock.wall(),
      attempt: null,
      outcome: null,
    });
    this.#take(entry.seq, entry);
    this.#send();
    return shown(entry);
  };

  readonly retry = (id: string): Promise<boolean> =>
    this.#settle(id, (entry) =>
      entry.outcome?.kind === "failed" ? { ...entry, attempt: null, outcome: null } : entry,
    );

  readonly remove = (id: string): Promise<boolean> =>
    this.#settle(id, (entry) => (entry.outcome === null && entry.attempt !== null ? entry : null));

  readonly close = (): void => {
    this.#end.abort();
    for (const stop of this.#stops) stop();
    this.#stopRetry?.();
    this.#stopAging?.();
    this.#storage?.close();
  };

  async #open(): Promise<OutboxStorage> {
    const { clock, name, random, user } = this.#options;
    let storage: OutboxStorage;
    try {
      storage = await this.#options.storage(name, { clock, random });
    } catch {
      // Said by the snapshot. Private windows, blocked storage and Node come here.
      storage = new MemoryStorage();
    }
    if (this.#end.signal.aborted) {
      storage.close();
      return storage;
    }
    this.#storage = storage;
    storage.watch((seq, entry) => {
      if (entry !== null && entry.user !== user) return;
      const isNew = !this.#entries.has(seq);
      this.#take(seq, entry);
      if (entry === null || !isWaiting(entry)) return;
      // Its own tab may have no connection; or it tries, and may die of that.
      if (isNew) this.#send();
      else this.#stopRetry ??= clock.after(longestDelayMs, () => this.#retryNow());
    });
    await this.#load(storage);
    this.#send();
    return storage;
  }

  async #load(storage: OutboxStorage): Promise<void> {
    const changes = new Map<number, KeptEntry | null>();
    this.#changes.add(changes);
    const kept = await storage.read(this.#options.user);
    this.#changes.delete(changes);
    this.#entries.clear();
    for (const entry of kept) this.#entries.set(entry.seq, entry);
    for (const [seq, entry] of changes) this.#take(seq, entry);
    await this.#age();
  }

  #admit(bytes: number): void {
    const { maxBytes, maxEntries } = this.#options;
    const counted = [...this.#entries.values()].filter(({ outcome }) => outcome?.kind !== "sent");
    if (counted.length >= maxEntries) fail("overloaded", `the outbox is full: ${maxEntries} entries`);
    const keptBytes = counted.reduce((sum, entry) => sum + entry.bytes, bytes);
    if (keptBytes > maxBytes) fail("overloaded", `the outbox is full: ${maxBytes} bytes`);
  }

  /** Shows an entry as it is now. */
  #take(seq: number, entry: KeptEntry | null): void {
    for (const changes of this.#changes) changes.set(seq, entry);
    if (entry === null) this.#entries.delete(seq);
    else this.#entries.set(seq, entry);
    this.#show();
    this.#ageLater();
  }

  #show(): void {
    this.#view.later(() => ({
      entries: [...this.#entries.values()].sort((a, b) => a.seq - b.seq).map(shown),
      storage: this.#storage === null ? "opening" : this.#storage.isLasting ? "lasting" : "memory",
    }));
  }

  async #change(seq: number, change: Change): Promise<KeptEntry | null> {
    const entry = await (await this.#opening).change(seq, change);
    this.#take(seq, entry);
    return entry;
  }

  async #settle(id: string, change: Change): Promise<boolean> {
    await this.#opening;
    const found = [...this.#entries.values()].find((entry) => entry.id === id);
    if (found === undefined) return false;
    let hasChanged = false;
    await this.#change(found.seq, (entry) => {
      const next = change(entry);
      hasChanged = next !== entry;
      return next;
    });
    this.#send();
    return hasChanged;
  }

  #connectionChanged({ kind }: ConnectionState): void {
    if (kind !== "connected") return;
    this.#attempts = noAttempts;
    this.#stopRetry?.();
    this.#retryNow();
  }

  #mayAttempt(): boolean {
    const { client, user, userOf } = this.#options;
    const { state } = client;
    if (state.kind !== "connected" || this.#end.signal.aborted) return false;
    return userOf === undefined || userOf(state.data) === user;
  }

  /** Sends what waits, when there is a connection and it is this tab's turn. */
  #send(): void {
    const storage = this.#storage;
    this.#isDue = true;
    if (storage === null || this.#isInTurn || !this.#mayAttempt()) return;
    if (![...this.#entries.values()].some(isWaiting)) return;
    this.#isInTurn = true;
    this.#isDue = false;
    storage
      .inTurn(this.#options.user, () => this.#drain(storage), this.#end.signal)
      .catch((error: unknown) => {
        if (this.#end.signal.aborted) return;
        this.#options.onError(error);
        this.#retryLater();
      })
      .finally(() => {
        this.#isInTurn = false;
        if (this.#isDue) this.#send();
      });
  }

  async #drain(storage: OutboxStorage): Promise<void> {
    // Another tab may have had the turn until now.
    await this.#load(storage);
    const { client, clock, random } = this.#options;
    await drain({
      clock,
      random,
      mayAttempt: () => this.#mayAttempt(),
      waiting: () => [...this.#entries.values()].filter(isWaiting).sort((a, b) => a.seq - b.seq),
      publish: (entry, options) =>
        client.channel(entry.channel, entry.traits).publish(JSON.parse(entry.json) as unknown, options),
      change: (seq, change) => this.#change(seq, change),
      blocked: this.#blocked,
    });
    if (this.#blocked.size === 0) this.#attempts = noAttempts;
    else this.#retryLater();
  }

  #retryLater(): void {
    const { clock, random } = this.#options;
    if (this.#end.signal.aborted || this.#stopRetry !== null) return;
    this.#attempts = attemptFailed(this.#attempts, 0);
    this.#stopRetry = clock.after(retryDelayMs(this.#attempts, random), () => this.#retryNow());
  }

  #retryNow(): void {
    this.#stopRetry = null;
    this.#blocked.clear();
    this.#send();
  }

  /** Lets time do what it does to entries: too old, no longer to be repeated, shown long enough. */
  async #age(): Promise<void> {
    const { clock, maxAgeMs } = this.#options;
    const nowMs = clock.wall();
    for (const entry of this.#entries.values()) {
      if (aged(entry, nowMs, maxAgeMs) === entry) continue;
      const next = await this.#storage?.change(entry.seq, (kept) => aged(kept, nowMs, maxAgeMs));
      if (next === null) this.#entries.delete(entry.seq);
      else if (next !== undefined) this.#entries.set(entry.seq, next);
    }
    this.#show();
    this.#ageLater();
  }

  #ageLater(): void {
    const { clock, maxAgeMs, onError } = this.#options;
    this.#stopAging?.();
    this.#stopAging = null;
    if (this.#end.signal.aborted) return;
    const nextAtMs = Math.min(...[...this.#entries.values()].map((entry) => changesAtMs(entry, maxAgeMs)));
    if (nextAtMs === Infinity) return;
    // A while later than it says, so that many of one moment go together.
    this.#stopAging = clock.after(Math.max(0, nextAtMs - clock.wall()) + 1_000, () => void this.#age().catch(onError));
  }
}

function traitsOf(channel: object): PlainChannelOptions {
  if (channel instanceof ChannelHandle) return channel.subscription.traits;
  throw new TypeError("expected a channel of this package's client");
}
