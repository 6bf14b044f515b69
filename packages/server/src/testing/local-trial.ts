// Owners and workers in one process, for the tests of what is between them; gone when the test has ended.
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { RecordingSink } from "../engine/contract/recording-sink.ts";
import type { Draft, Engine, LogRetention } from "../engine/engine.ts";
import { type Clock, systemClock } from "../ports/clock.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { memoryEngine } from "../engines/memory/memory-engine.ts";
import { localEngine } from "../engines/local/local-engine.ts";
import { type LocalOwner, localOwner } from "../engines/local/owner.ts";

export const retention: LogRetention = { size: 100, ttlMs: 60_000 };

export function value(text: string): Draft & { readonly kind: "value" } {
  return { kind: "value", body: { data: new TextEncoder().encode(text), form: "text" }, retention };
}

export const socketPath = (): string => join(temporaryFolder(), "owner", "socket");

export async function ownerAt(path: string, engine: Engine = memoryEngine()): Promise<LocalOwner> {
  const owner = localOwner({ engine, path });
  await owner.start();
  onTestFinished(() => owner.stop());
  return owner;
}

export interface Worker {
  readonly engine: Engine;
  readonly sink: RecordingSink;
  readonly told: string[];
}

export async function workerAt(path: string, clock: Clock = systemClock): Promise<Worker> {
  const engine = localEngine({ path, clock });
  const sink = new RecordingSink();
  const told: string[] = [];
  await engine.start(sink);
  onTestFinished(() => engine.stop());
  return { engine, sink, told };
}

/** Watches the members of a channel, and writes down what it is told. */
export async function watch({ engine, told }: Worker, channel: string): Promise<void> {
  await engine.members?.watch(channel, ({ kind, member }) => told.push(`${kind} ${member.session}`));
}

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise<void>((resolve) => systemClock.defer(resolve));
}
