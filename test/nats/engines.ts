// NATS engines for tests, and ways to NATS that lose what a test wants to be lost.
import { type NatsClient, natsEngine, type NatsEngineOptions, type NatsMessage } from "@tidewire/server/nats";
import { onTestFinished } from "vitest";
import { RecordingSink } from "../../packages/server/src/engine/contract/recording-sink.ts";
import { textBody } from "../../packages/server/src/engine/contract/trial.ts";
import type { Engine } from "../../packages/server/src/engine/engine.ts";
import { connecting } from "../services/nats.ts";

export const plenty = { size: 10_000, ttlMs: 3_600_000 } as const;

export interface StartedEngine {
  readonly engine: Engine;
  readonly sink: RecordingSink;
}

/** Started, and stopped when the test has ended. */
export async function startEngine(
  url: string | string[],
  options: Partial<NatsEngineOptions> = {},
): Promise<StartedEngine> {
  const engine = natsEngine({ connect: connecting(url), ...options });
  const sink = new RecordingSink();
  onTestFinished(() => engine.stop());
  await engine.start(sink);
  return { engine, sink };
}

export function say(engine: Engine, channel: string, text: string): ReturnType<Engine["publish"]> {
  return engine.publish(channel, { kind: "value", body: textBody(text), retention: plenty });
}

/** A way on which announcements arrive or not, as `isLost` says; all else is as it is. */
export function lossy(
  connect: () => Promise<NatsClient>,
  isLost: (message: NatsMessage) => boolean,
): () => Promise<NatsClient> {
  return async () => {
    const client = await connect();
    const { connection } = client;
    return {
      ...client,
      connection: {
        get info() {
          return connection.info;
        },
        publish: (subject, payload, options) => connection.publish(subject, payload, options),
        subscribe: (subject, { callback }) =>
          connection.subscribe(subject, {
            callback: (error, message) => {
              if (!isLost(message)) callback(error, message);
            },
          }),
        flush: () => connection.flush(),
        status: () => connection.status(),
        isClosed: () => connection.isClosed(),
        close: () => connection.close(),
      },
    };
  };
}
