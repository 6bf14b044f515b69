// The engine of two against the engine contract, and each channel's way to its own part.
import { memoryEngine } from "@tidewire/server/memory";
import { engineContract, RecordingSink } from "@tidewire/server/testing";
import { expect, test } from "vitest";
import { splitEngine } from "./split-engine.ts";

const encoder = new TextEncoder();

for (const part of ["lasting", "passing"] as const) {
  engineContract(`split, with every channel in its ${part} part`, {
    create() {
      const open = () =>
        splitEngine({ lasting: memoryEngine(), passing: memoryEngine(), isPassing: () => part === "passing" });
      return { engine: open(), reopen: open, advance: { skip: "its parts have clocks of their own" } };
    },
  });
}

test("each part has the channels that are its own, and tops come in the order asked", async () => {
  const [lasting, passing] = [memoryEngine(), memoryEngine()];
  const engine = splitEngine({ lasting, passing, isPassing: (channel) => channel.startsWith("market:") });
  const sink = new RecordingSink();
  await engine.start(sink);
  const channels = ["a", "market:x", "b", "market:y"];
  for (const [index, channel] of channels.entries()) {
    for (let count = 0; count <= index; count += 1) {
      const body = { data: encoder.encode("1"), form: "json" as const };
      await engine.publish(channel, { kind: "value", body, retention: { size: 10, ttlMs: 60_000 } });
    }
  }
  expect((await engine.tops(channels)).map(({ offset }) => offset)).toEqual([1, 2, 3, 4]);
  expect((await lasting.tops(channels)).map(({ offset }) => offset)).toEqual([1, 0, 3, 0]);
  expect((await passing.tops(channels)).map(({ offset }) => offset)).toEqual([0, 2, 0, 4]);
  await engine.stop();
});
