// The embedded store: the contract on real files, and what only a file can do to it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jobStoreContract } from "../testing.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import { embeddedStore } from "./embedded-store.ts";

jobStoreContract("embedded", {
  create() {
    const folder = mkdtempSync(join(tmpdir(), "tidewire-jobs-"));
    const clock = new FakeClock();
    const open = (): ReturnType<typeof embeddedStore> => embeddedStore({ path: join(folder, "jobs.db"), clock });
    return {
      store: open(),
      another: open,
      advance: (ms) => clock.advance(ms),
      dispose: () => rmSync(folder, { recursive: true, force: true }),
    };
  },
});
