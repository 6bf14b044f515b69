// The SQLite engine against the engine contract.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineContract } from "../../engine/contract.ts";
import type { Engine } from "../../engine/engine.ts";
import { systemClock } from "../../ports/clock.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { sqliteEngine } from "./sqlite-engine.ts";

engineContract("sqlite", {
  create() {
    const folder = mkdtempSync(join(tmpdir(), "tidewire-"));
    // The worker is a real thread: only its answers' turns are the machine's, the time is the test's.
    const clock = new FakeClock({ defer: (act) => systemClock.defer(act) });
    const open = (): Engine => sqliteEngine({ path: join(folder, "log.db"), clock });
    return {
      engine: open(),
      reopen: open,
      advance: (ms) => clock.advance(ms),
      dispose: () => rmSync(folder, { recursive: true, force: true }),
    };
  },
});
