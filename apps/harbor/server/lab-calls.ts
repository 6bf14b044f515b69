// What the connection lab's calls answer. Breaking things is for one's own connection, and in development alone.
import { fail } from "@tidewire/protocol";
import type { Log, Tidewire } from "@tidewire/server";
import { cutSocket, killServer, readLedger } from "../contract/lab.ts";
import { lastSeqOf, readIds } from "./data/messages.ts";
import type { Database } from "./data/schema.ts";

/** Long enough for the answer to leave first. */
const graceMs = 60;

export interface LabOptions {
  /** Whether `lab.kill` is there: in development, and where something starts the process again. */
  readonly mayKill: boolean;
  readonly log: Log;
}

export function handleLab(tide: Tidewire, db: Database, options: LabOptions): void {
  tide.handle(cutSocket, (_input, context) => {
    setTimeout(() => tide.cut(context.session), graceMs);
    return { inMs: graceMs };
  });

  tide.handle(killServer, () => {
    if (!options.mayKill) fail("not_available", "nothing would start the server again");
    options.log.warn("killed from the lab", { processId: process.pid });
    setTimeout(() => process.kill(process.pid, "SIGKILL"), graceMs);
    return { processId: process.pid, inMs: graceMs };
  });

  tide.handle(readLedger, async (input) => ({
    ids: [...(await readIds(db, input))],
    lastSeq: await lastSeqOf(db, input.room),
  }));
}
