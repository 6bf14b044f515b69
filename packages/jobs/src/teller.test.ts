// What a run says of itself: together where it can, in order, and one by one where not all of it was accepted.
import { setImmediate as turn } from "node:timers/promises";
import type { JobEvent } from "@tidewire/protocol";
import { silentLog, systemClock } from "@tidewire/protocol/ports";
import { expect, it } from "vitest";
import type { Publisher, Telling } from "./publisher.ts";
import { Teller } from "./teller.ts";

/** A publisher by its keys; `refuse` says which is not accepted this time. */
class Ledger implements Publisher {
  readonly accepted: string[] = [];
  readonly requests: (readonly string[])[] = [];
  refuse: (key: string) => boolean = () => false;

  publish(id: string, event: JobEvent, key: string): Promise<void> {
    return this.publishAll(id, [{ event, key }]);
  }

  async publishAll(_: string, tellings: readonly Telling[]): Promise<void> {
    this.requests.push(tellings.map(({ key }) => key));
    for (const { key } of tellings) {
      await turn();
      if (this.refuse(key)) throw new Error("not now");
      if (!this.accepted.includes(key)) this.accepted.push(key);
    }
  }
}

const hold = { id: "a", fence: 3 };
const event = (percent: number): JobEvent => ({ kind: "progress", run: 3, data: { percent } });
const tellerTo = (publisher: Publisher): Teller => new Teller(hold, { publisher, clock: systemClock, log: silentLog });

it("what is told in one turn goes together, and the next when that has an answer", async () => {
  const ledger = new Ledger();
  const teller = tellerTo(ledger);
  const first = Promise.all([teller.tell({ kind: "started", run: 3, attempt: 1 }), teller.tell(event(1))]);
  await turn();
  await turn();
  const second = Promise.all([teller.tell(event(2)), teller.tell(event(3))]);
  await first;
  expect(ledger.requests).toEqual([["3.1", "3.2"]]);
  await second;
  expect(ledger.requests).toEqual([
    ["3.1", "3.2"],
    ["3.3", "3.4"],
  ]);
});

it("where one of them is refused, each is told by itself, in order and under its key", async () => {
  const ledger = new Ledger();
  let refusals = 2;
  ledger.refuse = (key) => key === "3.2" && (refusals -= 1) >= 0;
  const teller = tellerTo(ledger);
  await Promise.all([1, 2, 3].map((percent) => teller.tell(event(percent))));
  expect(ledger.requests).toEqual([["3.1", "3.2", "3.3"], ["3.1"], ["3.2"], ["3.2"], ["3.3"]]);
  expect(ledger.accepted).toEqual(["3.1", "3.2", "3.3"]);
});

it("is full with a hundred, also of those that are under way", async () => {
  const teller = tellerTo(new Ledger());
  const told = Array.from({ length: 99 }, (_, n) => teller.tell(event(n)));
  await turn();
  expect(teller.isFull).toBe(false);
  told.push(teller.tell(event(99)));
  expect(teller.isFull).toBe(true);
  await Promise.all(told);
  expect(teller.isFull).toBe(false);
});
