// The memory engine against the engine contract, and what only it does.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecordingSink } from "../../engine/contract/recording-sink.ts";
import { engineContract } from "../../engine/contract.ts";
import type { Draft, Engine } from "../../engine/engine.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { memoryEngine } from "./memory-engine.ts";

engineContract("memory", {
  create() {
    const clock = new FakeClock();
    const open = (): Engine => memoryEngine({ clock });
    return { engine: open(), reopen: open, advance: (ms) => clock.advance(ms) };
  },
});

const hourMs = 3_600_000;

function draftOf(ttlMs: number): Draft {
  return { kind: "value", body: { data: new Uint8Array([1]), form: "bytes" }, retention: { size: 10, ttlMs } };
}

async function started(): Promise<{ clock: FakeClock; engine: Engine; sink: RecordingSink }> {
  const clock = new FakeClock();
  const engine = memoryEngine({ clock });
  const sink = new RecordingSink();
  await engine.start(sink);
  return { clock, engine, sink };
}

describe("memoryEngine", () => {
  it("announces before a publish resolves", async () => {
    const { engine, sink } = await started();
    await engine.follow("news");
    const publish = engine.publish("news", draftOf(hourMs));
    expect(sink.announcements).toHaveLength(1);
    await publish;
  });

  it("sets one timer, whatever it keeps, and none after its stop", async () => {
    const { clock, engine } = await started();
    await Promise.all(Array.from({ length: 1_000 }, (_, n) => engine.publish(`c${n}`, draftOf(60_000))));
    expect(clock.pending).toBe(1);
    clock.advance(hourMs);
    expect(clock.pending).toBe(1);
    await engine.stop();
    expect(clock.pending).toBe(0);
  });

  it("is not confused by a wall clock that is set", async () => {
    const { clock, engine } = await started();
    await engine.publish("news", draftOf(60_000));
    clock.stepWall(48 * hourMs);
    await engine.publish("news", draftOf(60_000));
    clock.stepWall(-96 * hourMs);
    clock.advance(59_000);
    expect((await engine.read("news", "oldest", { publications: 9, bytes: 9 })).publications).toHaveLength(2);
  });

  it("forgets a channel after an hour, or ten times its ttl, and never re-uses its epoch", async () => {
    const { clock, engine } = await started();
    const short = await engine.publish("short", draftOf(60_000));
    const long = await engine.publish("long", draftOf(hourMs));
    clock.advance(2 * hourMs);
    const [afterShort, afterLong] = await engine.tops(["short", "long"]);
    expect(afterShort?.offset).toBe(0);
    expect(afterShort?.epoch).not.toBe(short.position.epoch);
    expect(afterLong).toEqual(long.position);
    clock.advance(9 * hourMs);
    expect((await engine.tops(["long"]))[0]).toEqual({ epoch: afterShort?.epoch, offset: 0 });
  });

  it("does not forget a followed channel, nor move one that nobody wrote to", async () => {
    const { clock, engine } = await started();
    const { position } = await engine.publish("busy", draftOf(60_000));
    await engine.follow("busy");
    const quiet = await engine.follow("quiet");
    await engine.publish("forgotten", draftOf(60_000));
    clock.advance(3 * hourMs);
    expect(await engine.tops(["busy", "quiet"])).toEqual([position, quiet]);
    expect((await engine.tops(["forgotten"]))[0]?.epoch).not.toBe(quiet.epoch);
  });

  it("changes the default epoch at most once an hour, however many channels come and go", async () => {
    const { clock, engine } = await started();
    const epochs = new Set<string>();
    for (let minute = 0; minute < 600; minute += 1) {
      await engine.publish(`visit-${minute}`, draftOf(1_000));
      clock.advance(60_000);
      epochs.add((await engine.tops(["nobody"]))[0]?.epoch ?? "");
    }
    expect(epochs.size).toBeLessThanOrEqual(11);
    expect(epochs.size).toBeGreaterThan(5);
  });

  it("never uses an (epoch, offset) of a channel twice, whatever happens (S1)", async () => {
    const channel = fc.constantFrom("a", "b", "c");
    const step = fc.oneof(
      fc.record({ kind: fc.constant("publish" as const), channel }),
      fc.record({ kind: fc.constant("clear" as const), channel }),
      fc.record({ kind: fc.constant("follow" as const), channel }),
      fc.record({ kind: fc.constant("unfollow" as const), channel }),
      fc.record({ kind: fc.constant("wait" as const), channel, ms: fc.integer({ min: 1, max: 3 * hourMs }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { clock, engine } = await started();
        const used = new Set<string>();
        for (const one of steps) {
          if (one.kind === "wait") clock.advance(one.ms);
          else if (one.kind === "follow") await engine.follow(one.channel);
          else if (one.kind === "unfollow") engine.unfollow(one.channel);
          else if (one.kind === "clear") await engine.publish(one.channel, { kind: "clear" });
          else {
            const [top] = await engine.tops([one.channel]);
            const { position } = await engine.publish(one.channel, draftOf(60_000));
            expect(position).toEqual({ epoch: top?.epoch, offset: (top?.offset ?? 0) + 1 });
            const place = `${one.channel} ${position.epoch} ${position.offset}`;
            expect(used.has(place)).toBe(false);
            used.add(place);
          }
        }
        await engine.stop();
      }),
      { numRuns: 1_000 },
    );
  });
});
