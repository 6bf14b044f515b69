// Whatever is set, and whenever: each direction carries the bytes that were sent, in order, and then the end.
import fc from "fast-check";
import { expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { End, tcpServer, turn } from "../../test/line.ts";
import { createFaultProxy, type FlowFaults } from "./index.ts";
import { connect } from "node:net";

const flowFaults: fc.Arbitrary<FlowFaults> = fc.record(
  {
    delayMs: fc.integer({ min: 1, max: 5_000 }),
    jitterMs: fc.integer({ min: 1, max: 5_000 }),
    bytesPerSecond: fc.oneof(fc.integer({ min: 50, max: 2_000 }), fc.integer({ min: 10_000, max: 1_000_000_000 })),
    sliceBytes: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 65_536 })),
    stopReading: fc.boolean(),
    stopWriting: fc.boolean(),
  },
  { requiredKeys: [] },
);

type Step =
  | { readonly what: "set"; readonly faults: FlowFaults; readonly direction: "up" | "down" }
  | { readonly what: "send"; readonly bytes: Uint8Array; readonly direction: "up" | "down" }
  | { readonly what: "pass"; readonly turns: number; readonly ms: number };

const direction = fc.constantFrom("up" as const, "down" as const);
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({ what: fc.constant("set" as const), faults: flowFaults, direction }),
    fc.record({
      what: fc.constant("send" as const),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 600 }),
      direction,
    }),
    fc.record({ what: fc.constant("pass" as const), turns: fc.nat(4), ms: fc.nat(3_000) }),
  ),
  { maxLength: 20 },
);

it("keeps byte streams intact and in order under any composition of faults", { timeout: 120_000 }, async () => {
  const served = await tcpServer();
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      async (plan, chances) => {
        const clock = new FakeClock();
        const random = (): number => (chances.next().value as number | undefined) ?? 0;
        const proxy = await createFaultProxy({ to: { host: "127.0.0.1", port: served.port }, clock, random });
        const known = served.ends.length;
        const client = new End(connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true })).read();
        while (served.ends.length === known) await turn();
        const server = served.ends[known];
        if (server === undefined) throw new Error("the server has no such connection");
        const sent: Record<"up" | "down", Buffer[]> = { up: [], down: [] };
        for (const step of plan) {
          if (step.what === "set") await proxy.set(step.faults, { direction: step.direction });
          else if (step.what === "send") {
            sent[step.direction].push(Buffer.from(step.bytes));
            (step.direction === "up" ? client : server).socket.write(step.bytes);
          } else {
            clock.advance(step.ms);
            for (let turns = 0; turns < step.turns; turns += 1) await turn();
          }
        }
        client.socket.end();
        server.socket.end();
        // What is stopped goes on; what is late and narrow stays so, and the clock runs through it.
        for (const way of ["up", "down"] as const) {
          const { stopReading: _r, stopWriting: _w, ...rest } = proxy.faults[way];
          await proxy.set(rest, { direction: way });
        }
        while (proxy.connections().length > 0) {
          await turn();
          clock.advance(clock.nextMs ?? 0);
        }
        while (!(server.hasEnded && client.hasEnded)) await turn();
        expect(server.bytes.equals(Buffer.concat(sent.up))).toBe(true);
        expect(client.bytes.equals(Buffer.concat(sent.down))).toBe(true);
        expect([client.failure, server.failure, clock.size]).toEqual(["", "", 0]);
        await proxy.close();
      },
    ),
    { numRuns: 1_000 },
  );
});
