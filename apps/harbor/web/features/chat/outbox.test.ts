// What was written goes out in order, once, through lost connections and reloads.
import { TidewireError } from "@tidewire/protocol";
import { describe, expect, it, vi } from "vitest";
import { Outbox } from "./outbox.ts";

class MemoryStorage {
  readonly items = new Map<string, string>();
  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }
  removeItem(key: string): void {
    this.items.delete(key);
  }
}

interface Sent {
  readonly text: string;
  readonly nonce: string;
  readonly answer: () => void;
  readonly refuse: (error: unknown) => void;
}

/** A server whose answers the test gives. */
function stage(storage = new MemoryStorage()) {
  const sent: Sent[] = [];
  const outbox = new Outbox({
    storage: () => storage,
    owner: "guest_a",
    send: ({ nonce, text }) => {
      const { promise, reject, resolve } = Promise.withResolvers<{ seq: number }>();
      sent.push({ text, nonce, answer: () => resolve({ seq: 1 }), refuse: reject });
      return promise;
    },
  });
  const states = (): string[] => outbox.getSnapshot().map(({ state, text }) => `${text} ${state}`);
  return { outbox, sent, states, storage };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the outbox", () => {
  it("waits for a connection, then sends one after the other", async () => {
    const { outbox, sent, states } = stage();
    outbox.add("harbour", "one");
    outbox.add("harbour", "two");
    expect(states()).toEqual(["one waiting", "two waiting"]);
    outbox.setConnected(true);
    expect(sent.map((each) => each.text)).toEqual(["one"]);
    sent[0]?.answer();
    await turn();
    expect(sent.map((each) => each.text)).toEqual(["one", "two"]);
    expect(states()).toEqual(["one kept", "two sending"]);
  });

  it("does not let one room wait for another", () => {
    const { outbox, sent } = stage();
    outbox.setConnected(true);
    outbox.add("harbour", "one");
    outbox.add("workshop", "two");
    expect(sent).toHaveLength(2);
  });

  it("sends again, under the same nonce and before the others, what had no answer", async () => {
    const { outbox, sent } = stage();
    outbox.setConnected(true);
    outbox.add("harbour", "one");
    outbox.add("harbour", "two");
    outbox.setConnected(false);
    sent[0]?.refuse(new TidewireError("indeterminate"));
    await turn();
    outbox.setConnected(true);
    expect(sent.map((each) => each.text)).toEqual(["one", "one"]);
    expect(sent[1]?.nonce).toBe(sent[0]?.nonce);
  });

  it("tries again after a while when it is connected all the time", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { outbox, sent } = stage();
    outbox.setConnected(true);
    outbox.add("harbour", "one");
    sent[0]?.refuse(new TidewireError("engine_unavailable"));
    await turn();
    vi.advanceTimersByTime(1_000);
    expect(sent).toHaveLength(2);
    vi.useRealTimers();
  });

  it("keeps what was refused for good, goes on with the rest, and tries again when told to", async () => {
    const { outbox, sent, states } = stage();
    outbox.setConnected(true);
    outbox.add("harbour", "bad");
    outbox.add("harbour", "good");
    sent[0]?.refuse(new TidewireError("invalid_data", "text: too long"));
    await turn();
    expect(states()).toEqual(["bad failed", "good sending"]);
    expect(outbox.getSnapshot()[0]?.why).toBe("Text: too long.");
    outbox.retry(sent[0]?.nonce ?? "");
    sent[1]?.answer();
    await turn();
    expect(sent[2]?.nonce).toBe(sent[0]?.nonce);
    outbox.discard(sent[0]?.nonce ?? "");
    expect(states()).toEqual(["good kept"]);
  });

  it("lets go of what the room has", () => {
    const { outbox, sent, states } = stage();
    outbox.setConnected(true);
    outbox.add("harbour", "one");
    outbox.settle(new Set([sent[0]?.nonce ?? ""]));
    expect(states()).toEqual([]);
  });

  it("is there again after a reload, for the same person alone", () => {
    const { outbox, storage } = stage();
    outbox.add("harbour", "one");
    expect(stage(storage).states()).toEqual(["one waiting"]);
    expect(
      new Outbox({ storage: () => storage, owner: "guest_b", send: () => Promise.resolve({ seq: 1 }) }).getSnapshot(),
    ).toEqual([]);
  });

  it("reads nothing from storage that it did not write", () => {
    const storage = new MemoryStorage();
    for (const text of ["", "{", "7", '[{"room":1}]', '[{"__proto__":{}}]']) {
      storage.setItem("harbor.outbox.guest_a", text);
      expect(stage(storage).states()).toEqual([]);
    }
  });
});
