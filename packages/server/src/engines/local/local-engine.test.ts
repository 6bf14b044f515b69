// The local engine against the engine contract: an owner around memory, and one around SQLite.
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { engineContract } from "../../engine/contract.ts";
import type { EngineUnderTest } from "../../engine/contract/trial.ts";
import type { Engine } from "../../engine/engine.ts";
import { systemClock } from "../../ports/clock.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { memoryEngine } from "../memory/memory-engine.ts";
import { sqliteEngine } from "../sqlite/sqlite-engine.ts";
import { localEngine } from "./local-engine.ts";
import { localOwner } from "./owner.ts";

/** A worker whose owner is started and stopped with it. */
function withOwner(path: string, kept: Engine): Engine {
  const owner = localOwner({ engine: kept, path });
  const worker = localEngine({ path });
  return {
    traits: worker.traits,
    start: async (sink) => {
      await owner.start();
      await worker.start(sink);
    },
    stop: async () => {
      await worker.stop();
      await owner.stop();
    },
    publish: (channel, draft) => worker.publish(channel, draft),
    read: (channel, start, limit) => worker.read(channel, start, limit),
    tops: (channels) => worker.tops(channels),
    follow: (channel) => worker.follow(channel),
    unfollow: (channel) => worker.unfollow(channel),
  };
}

/** The engines' time is the test's; what goes over the socket goes in the machine's. */
function around(make: (clock: FakeClock) => Engine): EngineUnderTest {
  const path = join(temporaryFolder(), "owner", "socket");
  const clock = new FakeClock({ defer: (act) => systemClock.defer(act) });
  const open = (): Engine => withOwner(path, make(clock));
  return { engine: open(), reopen: open, advance: (ms) => clock.advance(ms) };
}

engineContract("local, around memory", {
  create: () => around((clock) => memoryEngine({ clock })),
});

engineContract("local, around sqlite", {
  create: () => {
    const folder = temporaryFolder();
    const path = join(folder, "log.db");
    return {
      ...around((clock) => sqliteEngine({ path, clock })),
      backUp() {
        copy(folder, join(folder, "backup"));
        return () => copy(join(folder, "backup"), folder);
      },
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
