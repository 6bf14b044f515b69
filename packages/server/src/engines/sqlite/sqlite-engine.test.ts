// The SQLite engine against the engine contract.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
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
      backUp() {
        copy(folder, join(folder, "backup"));
        return () => copy(join(folder, "backup"), folder);
      },
      dispose: () => rmSync(folder, { recursive: true, force: true }),
    };
  },
});

/** The database, which is what people copy: not the mark beside it. */
function copy(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of ["log.db", "log.db-wal"]) {
    rmSync(join(to, name), { force: true });
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
  }
}
