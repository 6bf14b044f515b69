// The outbox: what was written here and is not yet in the room. It is kept over reloads, and sent in order, once.
import { TidewireError } from "@tidewire/protocol";
import { z } from "zod";
import { maxTextLength } from "../../../contract/chat.ts";
import { sentenceFor } from "../../theme/words-for-errors.ts";

/**
 * `waiting`: goes out when there is a connection. `sending`: on its way. `kept`: the server has it, the room's channel
 * has not brought it here yet. `failed`: the server refused it.
 */
export type PendingState = "waiting" | "sending" | "kept" | "failed";

export interface PendingMessage {
  readonly room: string;
  /** Told to the server with every attempt, so that a repeated one is the same message. */
  readonly nonce: string;
  readonly text: string;
  readonly atMs: number;
  readonly state: PendingState;
  /** Why it failed, for people. */
  readonly why: string | null;
}

export interface Kept {
  readonly seq: number;
}

export interface OutboxParts {
  readonly send: (message: { room: string; text: string; nonce: string }) => Promise<Kept>;
  /** A page may be forbidden even to name its storage: then this throws. */
  readonly storage: () => Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** Whose outbox it is: two people in one browser do not send each other's words. */
  readonly owner: string;
}

const retryMs = 1_000;

const stored = z.array(
  z.object({ room: z.string(), nonce: z.string(), text: z.string().max(maxTextLength), atMs: z.number() }),
);

export class Outbox {
  readonly #parts: OutboxParts;
  readonly #key: string;
  readonly #listeners = new Set<() => void>();
  /** Rooms with a send on its way: in each, one message after the other. */
  readonly #busy = new Set<string>();
  readonly #drafts = new Map<string, string>();
  #pending: readonly PendingMessage[];
  #isConnected = false;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#key = `harbor.outbox.${parts.owner}`;
    this.#pending = this.#restore();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  readonly getSnapshot = (): readonly PendingMessage[] => this.#pending;

  add(room: string, text: string): void {
    const message: PendingMessage = { room, nonce: newNonce(), text, atMs: Date.now(), state: "waiting", why: null };
    this.#set([...this.#pending, message]);
    this.#pump();
  }

  /** What was begun in a room and not sent, for when one comes back to it. */
  draftOf(room: string): string {
    return this.#drafts.get(room) ?? "";
  }

  keepDraft(room: string, text: string): void {
    this.#drafts.set(room, text);
  }

  /** Tries a failed one again, as the same message. */
  retry(nonce: string): void {
    this.#change(nonce, { state: "waiting", why: null });
    this.#pump();
  }

  discard(nonce: string): void {
    this.#set(this.#pending.filter((message) => message.nonce !== nonce));
  }

  /** The room's channel or its history brought these here: they are no longer pending. */
  settle(nonces: ReadonlySet<string>): void {
    if (this.#pending.some((message) => nonces.has(message.nonce))) {
      this.#set(this.#pending.filter((message) => !nonces.has(message.nonce)));
    }
  }

  setConnected(isConnected: boolean): void {
    this.#isConnected = isConnected;
    this.#pump();
  }

  /** Sends nothing more; what waits is kept for the next time. */
  close(): void {
    this.#isConnected = false;
    this.#stopRetry();
  }

  #pump(): void {
    if (!this.#isConnected) return;
    for (const room of new Set(this.#pending.map((message) => message.room))) this.#sendFirst(room);
  }

  #sendFirst(room: string): void {
    const first = this.#pending.find((message) => message.room === room && message.state === "waiting");
    if (first === undefined || this.#busy.has(room)) return;
    const { nonce, text } = first;
    this.#busy.add(room);
    this.#change(nonce, { state: "sending" });
    this.#parts.send({ room, text, nonce }).then(
      () => {
        this.#busy.delete(room);
        this.#change(nonce, { state: "kept" });
        this.#pump();
      },
      (thrown: unknown) => {
        this.#busy.delete(room);
        this.#failed(nonce, thrown);
      },
    );
  }

  #failed(nonce: string, thrown: unknown): void {
    const isFinal = thrown instanceof TidewireError && !thrown.temporary;
    if (isFinal) {
      this.#change(nonce, { state: "failed", why: sentenceFor(thrown) });
      this.#pump();
      return;
    }
    // It waits again, and so do those behind it: they are to stand in the room in the order they were written.
    this.#change(nonce, { state: "waiting" });
    this.#stopRetry();
    this.#retry = setTimeout(() => this.#pump(), retryMs);
  }

  #stopRetry(): void {
    clearTimeout(this.#retry);
  }

  #change(nonce: string, change: Partial<PendingMessage>): void {
    this.#set(this.#pending.map((message) => (message.nonce === nonce ? { ...message, ...change } : message)));
  }

  #set(pending: readonly PendingMessage[]): void {
    this.#pending = pending;
    this.#store();
    for (const listener of this.#listeners) listener();
  }

  #store(): void {
    const unsent = this.#pending.filter((message) => message.state !== "kept");
    try {
      if (unsent.length === 0) this.#parts.storage().removeItem(this.#key);
      else this.#parts.storage().setItem(this.#key, JSON.stringify(unsent));
    } catch {
      // Storage is full or off: the messages are kept as long as the page is open.
    }
  }

  #restore(): readonly PendingMessage[] {
    try {
      const parsed = stored.safeParse(JSON.parse(this.#parts.storage().getItem(this.#key) ?? "[]"));
      return parsed.success ? parsed.data.map((message) => ({ ...message, state: "waiting", why: null })) : [];
    } catch {
      return [];
    }
  }
}

function newNonce(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
