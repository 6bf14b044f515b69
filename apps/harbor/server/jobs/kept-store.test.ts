// A store with its keeper: opened and closed together, and in which order; what is asked goes to the store as it is.
import { setImmediate } from "node:timers/promises";
import type { JobStore } from "@tidewire/jobs";
import type { RabbitmqKeeper } from "@tidewire/jobs/rabbitmq";
import { expect, it } from "vitest";
import { KeptStore } from "./kept-store.ts";

/** Writes down what is done to them, each step when it is over. */
function parts(failing: readonly string[] = []): { kept: KeptStore; done: readonly unknown[] } {
  const done: unknown[] = [];
  // The keeper takes longer: whoever does not wait for it is ahead of it.
  const act = (name: string) => async (): Promise<void> => {
    if (name.startsWith("keeper")) await setImmediate();
    await setImmediate();
    if (failing.includes(name)) throw new Error(`${name} failed`);
    done.push(name);
  };
  const asked =
    (name: string) =>
    async (...given: readonly unknown[]): Promise<unknown> => {
      await act(name)();
      return [name, ...given];
    };
  const names = ["add", "claim", "renew", "settle", "read", "counts", "change"];
  const store = Object.assign(Object.fromEntries(names.map((name) => [name, asked(name)])), {
    open: act("store opens"),
    close: act("store closes"),
  });
  const keeper = { open: act("keeper opens"), close: act("keeper closes") };
  return { kept: new KeptStore(store as unknown as JobStore, keeper as unknown as RabbitmqKeeper), done };
}

it("opens the store before the keeper brings it anything, and closes it when no more comes", async () => {
  const { kept, done } = parts();
  await kept.open();
  expect(done).toEqual(["store opens", "keeper opens"]);
  await kept.close();
  expect(done.slice(2)).toEqual(["keeper closes", "store closes"]);
});

it("is closed again where the keeper could not be opened", async () => {
  const { kept, done } = parts(["keeper opens"]);
  await expect(kept.open()).rejects.toThrow("keeper opens failed");
  expect(done).toEqual(["store opens", "store closes"]);
});

it("opens no keeper where the store could not be opened", async () => {
  const { kept, done } = parts(["store opens"]);
  await expect(kept.open()).rejects.toThrow("store opens failed");
  expect(done).toEqual([]);
});

it("asks the store what it is asked, with all that was given", async () => {
  const { kept } = parts();
  const hold = { id: "one", fence: 1 };
  const wanted = { names: ["n"], runs: 1, endings: 1, leaseMs: 1_000, orphanMs: 1 };
  expect([
    await kept.add([]),
    await kept.claim(wanted),
    await kept.renew([hold], 1_000),
    await kept.settle(hold, { kind: "told" }),
    await kept.read({ kind: "one", id: "one" }),
    await kept.counts(),
    await kept.change("one", "replay"),
  ]).toEqual([
    ["add", []],
    ["claim", wanted],
    ["renew", [hold], 1_000],
    ["settle", hold, { kind: "told" }],
    ["read", { kind: "one", id: "one" }],
    ["counts"],
    ["change", "one", "replay"],
  ]);
});
