// What Redis says of itself, and what acks are worth by it.
import { expect, it } from "vitest";
import { readFacts } from "./server-facts.ts";

/** A Redis that syncs every write, as it answers; while it loads it says of its own file that there is none. */
function answering(loading: boolean): (args: readonly string[]) => Promise<unknown> {
  const info = ["redis_version:7.0.15", "role:master", "maxmemory:0", `loading:${loading ? 1 : 0}`];
  const settings: Readonly<Record<string, string>> = { appendonly: "yes", appendfsync: "always" };
  return async ([command = "", , name = ""]) =>
    command === "INFO" ? [...info, `aof_enabled:${loading ? 0 : 1}`].join("\r\n") : [name, settings[name]];
}

it("learns what acks are worth of a Redis that has its data, and nothing of one that is loading it (P2)", async () => {
  expect(await readFacts(answering(false), false)).toMatchObject({ name: "redis 7.0.15", durability: "fsync" });
  for (const claimsDurable of [false, true]) {
    await expect(readFacts(answering(true), claimsDurable)).rejects.toThrow("Redis is loading what it kept");
  }
});
