// The job store behind RabbitMQ: the contract on a real server, with the keeper in front of an embedded store.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { JobStore } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import { rabbitmqKeeper, rabbitmqStore } from "@tidewire/jobs/rabbitmq";
import { jobStoreContract } from "@tidewire/jobs/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { FakeClock } from "../../packages/jobs/test/fake-clock.ts";
import { rabbitmqPath, RabbitServer, withoutRabbitmq } from "../services/rabbitmq.ts";
import { connecting } from "./connecting.ts";

describe("behind RabbitMQ", () => {
  if (rabbitmqPath === undefined) return it("is not here", (context) => context.skip(withoutRabbitmq));
  let server: RabbitServer;
  let tries = 0;
  beforeAll(async () => {
    server = await RabbitServer.start();
  });
  afterAll(() => server.remove());
  jobStoreContract("rabbitmq", {
    async create() {
      tries += 1;
      const given = { connect: connecting(server.url), prefix: `try-${tries}` };
      const folder = mkdtempSync(path.join(tmpdir(), "tidewire-kept-"));
      // The keeper's store alone has the time that counts.
      const clock = new FakeClock();
      const kept = embeddedStore({ path: path.join(folder, "jobs.db"), clock });
      await kept.open();
      const keeper = rabbitmqKeeper({ ...given, store: kept });
      await keeper.open();
      const open = (): JobStore => rabbitmqStore(given);
      return {
        store: open(),
        another: open,
        advance: (ms) => clock.advance(ms),
        async dispose() {
          await keeper.close();
          await kept.close();
          rmSync(folder, { recursive: true, force: true });
        },
      };
    },
  });
});
