// The engine contract on a real NATS server.
import { natsEngine } from "@tidewire/server/nats";
import { afterAll, beforeAll, describe, it } from "vitest";
import { engineContract } from "../../packages/server/src/engine/contract.ts";
import type { EngineHarness } from "../../packages/server/src/engine/contract/trial.ts";
import type { Engine } from "../../packages/server/src/engine/engine.ts";
import { systemClock } from "../../packages/server/src/ports/clock.ts";
import { connecting, natsKeyTime, natsPath, NatsServer, withoutNats, withoutNatsTables } from "../services/nats.ts";

function harnessFor(serverOf: () => NatsServer): EngineHarness {
  let tries = 0;
  const noTables = withoutNatsTables();
  return {
    ...(noTables !== null && { withoutTables: noTables }),
    withoutKeyTime: natsKeyTime,
    create: () => {
      const server = serverOf();
      tries += 1;
      const prefix = `try-${tries}`;
      let movedMs = 0;
      const clock = { ...systemClock, wall: () => systemClock.wall() + movedMs };
      const make = (): Engine => natsEngine({ connect: connecting(server.url), prefix, clock });
      return {
        engine: make(),
        reopen: make,
        advance: (ms) => {
          movedMs += ms;
        },
        backUp: () => server.backUp(),
      };
    },
  };
}

describe("nats", () => {
  if (natsPath === undefined) return it("is not here", (context) => context.skip(withoutNats));
  let server: NatsServer;
  beforeAll(async () => {
    server = await NatsServer.start();
  });
  afterAll(() => server.remove());
  engineContract(
    "nats",
    harnessFor(() => server),
  );
});
