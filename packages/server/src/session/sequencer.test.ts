// The sequencer: commands of one key one after the other, of different keys side by side.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Sequencer } from "./sequencer.ts";

describe("Sequencer", () => {
  it("runs a task at once, and without a promise, when nothing is pending", () => {
    const sequencer = new Sequencer();
    let ran = 0;
    sequencer.run(["a"], () => void (ran += 1));
    expect([ran, sequencer.size]).toEqual([1, 0]);
  });

  it("begins tasks of a key in order, never two at once, and forgets the key at the end", async () => {
    const task = fc.record({ keys: fc.uniqueArray(fc.nat(3), { maxLength: 3 }), turns: fc.nat(4) });
    await fc.assert(
      fc.asyncProperty(fc.array(task, { maxLength: 30 }), async (tasks) => {
        const sequencer = new Sequencer();
        const running = new Set<number>();
        const begun = new Map<number, number[]>();
        const ended: Promise<void>[] = [];
        for (const [at, { keys, turns }] of tasks.entries()) {
          const act = async (): Promise<void> => {
            for (const key of keys) {
              if (running.has(key)) throw new Error(`two of key ${key} at once`);
              running.add(key);
              begun.set(key, [...(begun.get(key) ?? []), at]);
            }
            for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
            for (const key of keys) running.delete(key);
          };
          ended.push(
            new Promise((resolve, reject) => sequencer.run(keys.map(String), () => act().then(resolve, reject))),
          );
        }
        await Promise.all(ended);
        await new Promise<void>((resolve) => setImmediate(resolve));
        for (const order of begun.values()) expect(order).toEqual(order.toSorted((a, b) => a - b));
        expect(sequencer.size).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });

  it("does not let one key wait for another", async () => {
    const sequencer = new Sequencer();
    const ran: string[] = [];
    sequencer.run(["slow"], () => new Promise(() => undefined));
    sequencer.run(["quick"], () => void ran.push("quick"));
    sequencer.run(["slow", "quick"], () => void ran.push("both"));
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(ran).toEqual(["quick"]);
  });
});
