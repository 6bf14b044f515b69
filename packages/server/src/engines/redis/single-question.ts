// A question to a server on a connection of its own: to a Sentinel, or to a node of a cluster about the others.
import type { Cancel, Clock } from "../../ports/clock.ts";
import { reasonOf } from "../../ports/log.ts";
import type { RedisClient } from "./redis-client.ts";

const limitMs = 5_000;
/** One that hangs holds up the others no longer, once somebody has answered. */
const graceMs = 500;

export interface Answers<Answer> {
  readonly answers: readonly Answer[];
  /** Why there are none of the others. */
  readonly reasons: ReadonlySet<string>;
}

/** What several servers say who know the same; not all of them need be there. */
export async function askAll<Answer>(
  clients: readonly RedisClient[],
  clock: Clock,
  ask: (client: RedisClient) => Promise<Answer>,
): Promise<Answers<Answer>> {
  const answers: Answer[] = [];
  const reasons = new Set<string>();
  const { promise: isEnough, resolve } = Promise.withResolvers<void>();
  let cancel: Cancel | null = null;
  const asked = clients.map((client) =>
    ask(client).then(
      (answer) => {
        answers.push(answer);
        cancel ??= clock.after(graceMs, resolve);
      },
      (thrown: unknown) => void reasons.add(reasonOf(thrown)),
    ),
  );
  await Promise.race([Promise.all(asked), isEnough]);
  (cancel as Cancel | null)?.();
  return { answers: [...answers], reasons };
}

/** The replies to these commands. @throws {Error} when it is not there, refuses, or is silent for five seconds. */
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
