// Servers behind one another, as a test wants them: in step, or left behind.
import { until } from "../fleet.ts";
import type { RedisServer } from "../services/redis.ts";

/** Resolves when the replica has what the primary has. */
export async function follow(replica: RedisServer, primary: RedisServer): Promise<void> {
  await replica.ask("REPLICAOF", "127.0.0.1", `${primary.port}`);
  await until(async () => String(await replica.ask("INFO", "replication")).includes("master_link_status:up"));
  await inStep(replica, primary);
}

/** Resolves when everything was taken over that was written up to here. */
export async function inStep(replica: RedisServer, primary: RedisServer): Promise<void> {
  const target = offsetIn(await primary.ask("INFO", "replication"), "master_repl_offset");
  await until(async () => offsetIn(await replica.ask("INFO", "replication"), "slave_repl_offset") >= target);
}

function offsetIn(info: unknown, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, "m").exec(String(info))?.[1] ?? -1);
}

/** From here on the replicas hear nothing of what the primary acks. Who is connected to it stays. */
export async function cutOff(primary: RedisServer): Promise<void> {
  await primary.askAll([
    ["CONFIG", "SET", "requirepass", "nobody knows it"],
    ["CLIENT", "KILL", "TYPE", "replica"],
  ]);
}
