// Whom of several Sentinels is believed, and what counts as another primary.
import { expect, it } from "vitest";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { RedisClient } from "./redis-client.ts";
import { Sentinels } from "./sentinels.ts";

/** What one says: the primary's port, and how many failovers it knows of; an error where it is away. */
type Says = readonly [port: number, failovers: number] | Error;

/** Sentinels that say this, until they say something else. */
function sentinels(...first: readonly Says[]): { readonly asked: Sentinels; readonly say: (...next: Says[]) => void } {
  let says = first;
  const clients = first.map((_, index): RedisClient => {
    const reply = (): Promise<unknown> => {
      const said = says[index] ?? expect.unreachable();
      if (said instanceof Error) return Promise.reject(said);
      const fields = ["name", "tides", "ip", "10.0.0.1", "port", `${said[0]}`, "config-epoch", `${said[1]}`];
      // RESP2 has lists, RESP3 has maps.
      if (index % 2 === 0) return Promise.resolve(fields);
      return Promise.resolve(new Map([0, 2, 4, 6].map((at) => [fields[at], fields[at + 1]])));
    };
    return {
      duplicate: () => ({
        connect: () => Promise.resolve(),
        destroy: () => undefined,
        on: () => undefined,
        sendCommand: reply,
        sSubscribe: () => Promise.resolve(),
      }),
    };
  });
  const asked = new Sentinels({ name: "tides", clients }, new FakeClock());
  return { asked, say: (...next) => (says = next) };
}

it("the one that knows of the most failovers is believed, wherever it stands", async () => {
  const { asked } = sentinels([1, 4], [2, 5], [3, 3], new Error("away"));
  expect(await asked.primary()).toEqual({ host: "10.0.0.1", port: 2 });
  expect(await asked.successor()).toBeNull();
});

it("another primary is one of a later failover", async () => {
  const { asked, say } = sentinels([1, 4], [1, 4]);
  await asked.primary();
  say([1, 4], [2, 5]);
  expect(await asked.successor()).toEqual({ host: "10.0.0.1", port: 2 });
  // As long as nobody has gone there it is another one.
  expect(await asked.successor()).toEqual({ host: "10.0.0.1", port: 2 });
  expect(await asked.primary()).toEqual({ host: "10.0.0.1", port: 2 });
  expect(await asked.successor()).toBeNull();
});

it.each([
  ["that has not heard of the last failover", [[2, 3]]],
  ["that knows of no more failovers than we do", [[2, 4]]],
  ["that knows of another failover to the same", [[1, 5]]],
  ["that is away", [new Error("away")]],
] as const)("a Sentinel %s names no other", async (_, next) => {
  const { asked, say } = sentinels([1, 4]);
  await asked.primary();
  say(...next);
  expect(await asked.successor()).toBeNull();
});

it("Sentinels that were set up anew count from the start, and are believed", async () => {
  const { asked, say } = sentinels([1, 40]);
  await asked.primary();
  say([2, 0]);
  expect(await asked.primary()).toEqual({ host: "10.0.0.1", port: 2 });
  say([3, 1]);
  expect(await asked.successor()).toEqual({ host: "10.0.0.1", port: 3 });
});

it("what is no address, or no number of failovers, is no answer", async () => {
  const { asked, say } = sentinels([0, 1]);
  await expect(asked.primary()).rejects.toThrow(/no Sentinel of 1 names a primary "tides": an address was expected/);
  say([1, Number.NaN]);
  await expect(asked.primary()).rejects.toMatchObject({ reason: "engine_unavailable" });
});
