// What a worker asks of the server: who is here, and to tell pages that something has changed.
import type { Config } from "../server/config.ts";

export interface ServerApi {
  /** How many connections are in a channel, on all nodes. @throws where the server does not answer; it may later. */
  connections(channel: string): Promise<number>;
  publish(channel: string, data: unknown): Promise<void>;
}

const answerMs = 5_000;

/** @param apiKey What the server knows us by. */
export function serverApi({ serverUrl }: Pick<Config, "serverUrl">, apiKey: string): ServerApi {
  async function ask(method: string, parameters: unknown): Promise<Readonly<Record<string, unknown>>> {
    const response = await fetch(new URL(`/api/${method}`, serverUrl), {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": apiKey },
      body: JSON.stringify(parameters),
      signal: AbortSignal.timeout(answerMs),
    });
    const answer = Object(await response.json()) as { readonly result?: unknown; readonly error?: unknown };
    if (!response.ok || answer.error !== undefined) {
      throw new Error(`${method}: the server answered ${response.status}, ${JSON.stringify(answer.error)}`);
    }
    return Object(answer.result) as Readonly<Record<string, unknown>>;
  }
  return {
    async connections(channel) {
      const { num_clients: count } = await ask("presence_stats", { channel });
      if (typeof count !== "number") throw new Error(`presence_stats: a number was expected, got ${typeof count}`);
      return count;
    },
    async publish(channel, data) {
      await ask("publish", { channel, data });
    },
  };
}
