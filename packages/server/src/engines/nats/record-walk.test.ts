// Records found many at once: all of them in their order, however they lie, and a beginning without a hole where time is up.
import fc from "fast-check";
import { expect, it } from "vitest";
import { Gate } from "./gate.ts";
import type { NatsManager } from "./nats-client.ts";
import { recordsIn, type Walk } from "./record-walk.ts";

/** A stream that has these sequences, and is asked for `most` of them. */
function walkOver(sequences: readonly number[], most = Number.MAX_SAFE_INTEGER) {
  let [asked, together, atOnce] = [0, 0, 0];
  const getMessage: NatsManager["streams"]["getMessage"] = async (_stream, query) => {
    asked += 1;
    atOnce += 1;
    together = Math.max(together, atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    atOnce -= 1;
    const from = "seq" in query ? query.seq : 0;
    const seq = sequences.find((sequence) => sequence >= from);
    return seq === undefined ? null : { seq, subject: "s", data: new Uint8Array(), time: new Date(0) };
  };
  const manager = { streams: { getMessage } } as unknown as NatsManager;
  const walk: Walk = { manager, stream: "l", subject: "s", gate: new Gate(8), isLate: () => asked >= most };
  return { walk, figures: () => ({ asked, together }) };
}

const sequencesOf = fc.uniqueArray(fc.nat(3_000), { maxLength: 120 }).map((all) => all.toSorted((a, b) => a - b));

it("finds what lies in a range, each once, and asks for little more than that", async () => {
  await fc.assert(
    fc.asyncProperty(sequencesOf, fc.nat(3_000), fc.nat(3_000), async (sequences, from, length) => {
      const { walk, figures } = walkOver(sequences);
      const to = from + length;
      const expected = sequences.filter((sequence) => sequence >= from && sequence <= to);
      const { found, upTo } = await recordsIn(walk, { from, to });
      expect([found.map(({ sequence }) => sequence), upTo]).toEqual([expected, to]);
      expect(figures().asked).toBeLessThanOrEqual(2 * expected.length + 1);
      expect(figures().together).toBeLessThanOrEqual(8);
    }),
  );
});

it("says how far that is all when there is no time for more", async () => {
  await fc.assert(
    fc.asyncProperty(sequencesOf, fc.nat(60), async (sequences, most) => {
      const { walk } = walkOver(sequences, most);
      const { found, upTo } = await recordsIn(walk, { from: 0, to: 3_000 });
      expect(found.map(({ sequence }) => sequence)).toEqual(sequences.filter((sequence) => sequence <= upTo));
    }),
  );
});
