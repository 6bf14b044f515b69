// What the calls of the connection lab answer: each is about the caller's own line.
import { fail } from "@tidewire/protocol";
import type { Log, Tidewire } from "@tidewire/server";
import {
  healLine,
  killServer,
  listNumbers,
  numbersPageSize,
  openLine,
  setFault,
  strikeLine,
} from "../../contract/lab.ts";
import { readNumbers } from "../data/lab-numbers.ts";
import type { Database } from "../data/schema.ts";
import type { Line } from "./line.ts";

/** Long enough for the answer to leave first. */
const graceMs = 60;

export interface LabCalls {
  readonly db: Database;
  readonly log: Log;
  /** Whether `lab.kill` is there: in development, and where something starts the process again. */
  readonly mayKill: boolean;
  /** @throws {TidewireError} `not_available`, `overloaded`. */
  readonly lineOf: (guest: string) => Promise<Line>;
}

export function handleLab(tide: Tidewire, { db, log, mayKill, lineOf }: LabCalls): void {
  tide.handle(openLine, async (_input, { user }) => ({ active: (await lineOf(user)).active, mayKill }));

  tide.handle(setFault, async ({ fault, isOn }, { user }) => {
    const line = await lineOf(user);
    await line.setFault(fault, isOn);
    return { active: line.active };
  });

  tide.handle(strikeLine, async ({ strike }, { user }) => {
    const line = await lineOf(user);
    return { connections: await line.strike(strike) };
  });

  tide.handle(healLine, async (_input, { user }) => {
    const line = await lineOf(user);
    await line.heal();
    return { active: line.active };
  });

  tide.handle(killServer, async (_input, { user }) => {
    if (!mayKill) fail("not_available", "nothing would start the server again");
    const line = await lineOf(user);
    // Where the log cannot be written, it is killed all the same.
    await line.killing().catch(() => undefined);
    log.warn("killed from the lab", { processId: process.pid });
    setTimeout(() => process.kill(process.pid, "SIGKILL"), graceMs);
    return { processId: process.pid, inMs: graceMs };
  });

  tide.handle(listNumbers, async ({ from }, { user }) => ({
    numbers: [...(await readNumbers(db, { guest: user, from, limit: numbersPageSize }))],
  }));
}
