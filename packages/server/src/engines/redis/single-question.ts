// A question to a server on a connection of its own: to a Sentinel, or to a node of a cluster about the others.
import type { Clock } from "../../ports/clock.ts";
import type { RedisClient } from "./redis-client.ts";

const limitMs = 2_000;

/** The replies to these commands. @throws {Error} when it is not there, refuses, or is silent for two seconds. */
export async function askServer(
  client: RedisClient,
  clock: Clock,
  commands: readonly (readonly string[])[],
): Promise<readonly unknown[]> {
  const connection = client.duplicate();
  const { promise: failed, reject } = Promise.withResolvers<never>();
  connection.on("error", reject);
  const cancel = clock.after(limitMs, () => reject(new Error(`no answer in ${limitMs} ms`)));
  const asked = connection.connect().then(() => Promise.all(commands.map((each) => connection.sendCommand(each))));
  // Whichever is later is heard by nobody.
  for (const each of [asked, failed]) each.catch(() => undefined);
  try {
    return await Promise.race([asked, failed]);
  } finally {
    cancel();
    try {
      connection.destroy();
    } catch {
      // One that was never open says so.
    }
  }
}
