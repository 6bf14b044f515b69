// An outbox's entries in IndexedDB: they outlive the page, and all tabs of an origin share them.

import { type Clock, type Random, randomKey } from "../clock.ts";
import type { KeptEntry } from "./entry.ts";
import { inLease } from "./lease.ts";
import type { Change, NewEntry, OutboxStorage, Turn } from "./storage.ts";

const entries = "entries";
const leases = "leases";
const byUser = "user";

/** Platforms have been seen that never answer; a page then does without. */
const openLimitMs = 5_000;

/** What a storage is given of the world around it. */
export interface StoragePorts {
  readonly clock: Clock;
  readonly random: Random;
}

interface News {
  readonly seq: number;
  readonly entry: KeptEntry | null;
}

/** @throws Whatever keeps it from being opened: none there, not allowed, no answer within 5 s. */
export async function openIndexedStorage(name: string, ports: StoragePorts): Promise<OutboxStorage> {
  return new IndexedStorage(name, await opened(name, ports.clock), ports);
}

function opened(name: string, clock: Clock): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const request = indexedDB.open(name, 1);
    const stopTimer = clock.after(openLimitMs, () => {
      isLate = true;
      reject(new Error(`no answer from storage in ${openLimitMs} ms`));
    });
    request.onupgradeneeded = () => {
      const store = request.result.createObjectStore(entries, { keyPath: "seq", autoIncrement: true });
      store.createIndex(byUser, byUser);
      request.result.createObjectStore(leases);
    };
    request.onsuccess = () => {
      stopTimer();
      if (isLate) request.result.close();
      else resolve(request.result);
    };
    request.onerror = () => {
      stopTimer();
      reject(request.error ?? new Error("storage was refused"));
    };
  });
}

class IndexedStorage implements OutboxStorage {
  readonly isLasting = true;
  readonly #name: string;
  readonly #ports: StoragePorts;
  readonly #news: BroadcastChannel | null;
  #database: Promise<IDBDatabase>;
  #isClosed = false;

  constructor(name: string, database: IDBDatabase, ports: StoragePorts) {
    this.#name = name;
    this.#ports = ports;
    this.#database = Promise.resolve(this.#kept(database));
    this.#news = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(name);
  }

  read(user: string): Promise<readonly KeptEntry[]> {
    return this.#transact("readonly", (store) => resultOf<readonly KeptEntry[]>(store.index(byUser).getAll(user)));
  }

  async add(entry: NewEntry): Promise<KeptEntry> {
    const seq = await this.#transact("readwrite", (store) => resultOf(store.add(entry)));
    const kept = { ...entry, seq: Number(seq) };
    this.#tell({ seq: kept.seq, entry: kept });
    return kept;
  }

  async change(seq: number, change: Change): Promise<KeptEntry | null> {
    let hasChanged = false;
    const entry = await this.#transact("readwrite", async (store) => {
      const before = await resultOf<KeptEntry | undefined>(store.get(seq));
      if (before === undefined) return null;
      const after = change(before);
      hasChanged = after !== before;
      if (after === null) store.delete(seq);
      else if (hasChanged) store.put(after);
      return after;
    });
    if (hasChanged) this.#tell({ seq, entry });
    return entry;
  }

  async inTurn(user: string, turn: Turn, signal: AbortSignal): Promise<void> {
    const name = `${this.#name} ${user}`;
    // Pages that are not served securely have no locks.
    const { locks } = navigator as { readonly locks?: LockManager };
    if (locks === undefined) {
      const { clock, random } = this.#ports;
      const owner = randomKey(random);
      return await inLease({ owner, clock, signal, change: (act) => this.#lease(name, act) }, turn);
    }
    try {
      await locks.request(name, { signal }, turn);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  watch(told: (seq: number, entry: KeptEntry | null) => void): void {
    this.#news?.addEventListener("message", ({ data }: MessageEvent<News>) => told(data.seq, data.entry));
  }

  close(): void {
    this.#isClosed = true;
    this.#news?.close();
    this.#database.then(
      (database) => database.close(),
      () => undefined,
    );
  }

  #tell(news: News): void {
    if (!this.#isClosed) this.#news?.postMessage(news);
  }

  /** Forgets it when the platform closes it, as it does when people clear what a site keeps. */
  #kept(database: IDBDatabase): IDBDatabase {
    const reopen = (): void => {
      database.close();
      if (this.#isClosed) return;
      this.#database = opened(this.#name, this.#ports.clock).then((next) => this.#kept(next));
      // Whoever asks next hears of it.
      this.#database.catch(() => undefined);
    };
    database.onclose = reopen;
    // Somebody wants to delete it: who holds it open would make them wait for ever.
    database.onversionchange = reopen;
    return database;
  }

  /** Resolves when what `act` did is kept, with what it came to. */
  async #transact<Result>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => Promise<Result>): Promise<Result> {
    const database = await this.#database;
    return await done(database.transaction(entries, mode, { durability: "strict" }), (transaction) =>
      act(transaction.objectStore(entries)),
    );
  }

  async #lease<Value>(name: string, change: (value: Value | undefined) => Value): Promise<Value> {
    const database = await this.#database;
    return await done(database.transaction(leases, "readwrite"), async (transaction) => {
      const store = transaction.objectStore(leases);
      const value = change(await resultOf<Value | undefined>(store.get(name)));
      store.put(value, name);
      return value;
    });
  }
}

function resultOf<Result>(request: IDBRequest): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result as Result);
    request.onerror = () => reject(request.error ?? new Error("storage failed"));
  });
}

/** What `act` came to, once the transaction is written; its own error where it ended otherwise. */
async function done<Result>(
  transaction: IDBTransaction,
  act: (transaction: IDBTransaction) => Promise<Result>,
): Promise<Result> {
  const written = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("storage gave the transaction up"));
  });
  const [result] = await Promise.all([act(transaction), written]);
  return result;
}
