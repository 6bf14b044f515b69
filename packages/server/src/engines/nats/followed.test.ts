// What a node has heard of the logs it follows: new epochs that overtake a read, and what was announced to nobody.
import { expect, onTestFinished, test } from "vitest";
import type { EngineSink } from "../../engine/engine.ts";
import { headOf } from "../records.ts";
import { Followed } from "./followed.ts";
import { recordOf } from "./log-records.ts";
import { Names } from "./names.ts";
import type { NatsClient, NatsMessage } from "./nats-client.ts";

const stamp = { id: "id", atMs: 1_767_225_600_000 };
const head = (sequence: number, token: string) => ({ ...nothing, sequence, token, last: sequence });
const nothing = { offset: 0, id: "-", floor: 0, ttlMs: 0, fence: 0, atMs: 0, table: null };

/** Follows one channel, and what is told of it. */
function follow() {
  const told: string[] = [];
  let hear: (message: NatsMessage) => void = () => expect.fail("nothing is subscribed");
  const sink: EngineSink = {
    announced: (_channel, epoch, { offset }) => void told.push(`${epoch}:${offset}`),
    suspect: () => void told.push("suspect"),
    health: () => undefined,
  };
  const followed = new Followed({
    names: new Names("test"),
    sink,
    epochOf: (token) => token,
    damaged: () => void told.push("damaged"),
  });
  const subscribe = (_subject: string, { callback }: Parameters<NatsClient["connection"]["subscribe"]>[1]) => {
    hear = (message) => callback(null, message);
    return { unsubscribe: () => undefined };
  };
  // Of a client nothing else is used.
  followed.add("c", { connection: { subscribe } } as unknown as NatsClient);
  onTestFinished(() => followed.clear());
  const announce = (sequence: number, data: Uint8Array): void =>
    hear({ subject: "", data, headers: { code: 0, get: () => (sequence === 0 ? "" : String(sequence)) } });
  const line = { before: 0, floor: 0, ttlMs: 0 };
  return {
    followed,
    told,
    begin: (sequence: number, token: string) => announce(sequence, recordOf({ kind: "begin", token, ...line })),
    keep: (sequence: number, token: string, offset: number) => {
      const publication = Buffer.from(`${offset} - 0 ${headOf({ form: "json" }, stamp)}`);
      announce(sequence, recordOf({ kind: "keep", token, ...line }, publication, Buffer.from("1")));
    },
  };
}

test("a read that another epoch has overtaken says so; one that the same epoch has, does not", () => {
  const { followed, keep } = follow();
  expect(followed.stands("c", head(5, "one"))).toBe(false);
  keep(6, "one", 1);
  expect(followed.stands("c", head(5, "one"))).toBe(false);
  keep(7, "two", 1);
  expect(followed.stands("c", head(6, "one"))).toBe(true);
  expect(followed.stands("c", head(7, "two"))).toBe(false);
});

test("an epoch that begins makes what was known suspect, and is no news to who knew nothing", () => {
  const { followed, told, begin, keep } = follow();
  begin(3, "one");
  expect(told).toEqual([]);
  keep(4, "one", 1);
  begin(5, "two");
  expect(told).toEqual(["one:1", "suspect"]);
  // Late, and of the one before.
  begin(3, "one");
  expect(told).toEqual(["one:1", "suspect"]);
  expect(followed.isMissing("c", 5)).toBe(false);
});

test("what stands in the log and was not heard until it is looked at again will not be heard", () => {
  const { followed, keep } = follow();
  followed.stands("c", head(5, "one"));
  expect(followed.isMissing("c", 6)).toBe(false);
  keep(6, "one", 1);
  expect(followed.isMissing("c", 6)).toBe(false);
  expect(followed.isMissing("c", 7)).toBe(false);
  expect(followed.isMissing("c", 7)).toBe(true);
  // Told once.
  expect(followed.isMissing("c", 7)).toBe(false);
  // Purged.
  expect(followed.isMissing("c", 0)).toBe(true);
});
