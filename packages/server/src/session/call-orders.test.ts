// Calls under any order of what can happen to them: each is answered once, and its handler knows when nobody waits.
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { FakeConnection } from "../testing/fake-connection.ts";
import { FakeNode } from "../testing/fake-node.ts";
import { answers, cancel, held, rpc } from "../testing/held-calls.ts";

const nodes: FakeNode[] = [];

afterEach(async () => {
  for (const node of nodes.splice(0)) await node.hub.stop();
});

// Steps in any order: a call begins, is canceled, ends, time passes, the reader stops or goes on, the connection ends.
const event = fc.oneof(
  fc.record({
    kind: fc.constant("call" as const),
    timeoutMs: fc.integer({ min: 10, max: 400 }),
    isAsked: fc.boolean(),
  }),
  fc.record({ kind: fc.constantFrom("cancel" as const, "end" as const), at: fc.integer({ min: -3, max: -1 }) }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 150 }) }),
  fc.record({ kind: fc.constantFrom("stop" as const, "resume" as const, "allow" as const) }),
);
type Steps = typeof steps extends fc.Arbitrary<infer Given> ? Given : never;
const steps = fc.array(fc.tuple(event, fc.boolean()), { maxLength: 60 });

interface Played {
  readonly node: FakeNode;
  readonly connection: FakeConnection;
  readonly entered: ReturnType<typeof held>;
  readonly calls: readonly number[];
  readonly cancels: readonly number[];
}

/** Plays the steps on a node with little room; after some of them everything settles before the next. */
async function play(given: Steps): Promise<Played> {
  const asked: (() => void)[] = [];
  const node = await FakeNode.start({
    channels: [],
    limits: { callsPerConnection: 8, controlFrames: 6, controlBytes: 2_000, replyBytes: 4_000 },
    access: { call: ({ method }) => method === "work" || new Promise((allow) => asked.push(() => allow(true))) },
  });
  nodes.push(node);
  const entered = held(node);
  const connection = await node.connected({ watermark: 500 });
  const [calls, cancels]: [number[], number[]] = [[], []];
  let id = 1;
  for (const [now, settles] of given) {
    const named = ("at" in now ? calls.at(now.at) : undefined) ?? 999;
    if (now.kind === "call") {
      calls.push((id += 1));
      connection.say(rpc(id, now.timeoutMs, now.isAsked ? "asked" : "work"));
    } else if (now.kind === "cancel") {
      cancels.push((id += 1));
      connection.say(cancel(id, named));
    } else if (now.kind === "end") entered.get(named)?.end("x".repeat((named * 700) % 3_000));
    else if (now.kind === "pass") node.clock.advance(now.ms);
    else if (now.kind === "allow") for (const allow of asked.splice(0)) allow();
    else connection[now.kind]();
    if (settles) await node.settle();
  }
  return { node, connection, entered, calls, cancels };
}

describe("under any order of events", () => {
  it("a call is answered once, and one that is answered before its result tells its handler", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (given) => {
        const { node, connection, entered, calls, cancels } = await play(given);
        connection.resume();
        // Some have waited for others, and their time begins when they begin.
        await node.pass(5_000);
        for (const id of [...calls, ...cancels]) expect(answers(connection, id)).toHaveLength(1);
        for (const [id, { signal }] of entered) {
          const [answer] = answers(connection, id);
          expect(signal.aborted).toBe(answer === 504);
        }
        for (const id of calls) if (!entered.has(id)) expect([408, 499, 111]).toContain(answers(connection, id)[0]);
        expect([connection.strayWrites, connection.ended]).toEqual([0, null]);
      }),
      { numRuns: 200 },
    );
  });

  it("a call whose connection ends has one answer or none, and its handler is told", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (given) => {
        const { node, connection, entered, calls } = await play(given);
        const done = calls.filter((id) => answers(connection, id).length > 0);
        connection.opened?.closed(1006, "");
        connection.resume();
        await node.pass(500);
        for (const id of calls) expect(answers(connection, id).length).toBeLessThanOrEqual(1);
        for (const [id, { end, signal }] of entered) {
          end("late");
          const [answer] = answers(connection, id);
          if (answer === 504) expect(signal.aborted).toBe(true);
          if (done.includes(id) && typeof answer === "string") expect(signal.aborted).toBe(false);
        }
        await node.settle();
        expect(connection.strayWrites).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});
