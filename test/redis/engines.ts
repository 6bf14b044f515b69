// Redis engines for tests, and ways to them that lose what a test wants to be lost.
import { createClient } from "@redis/client";
import { type RedisArgument, type RedisClient, redisEngine, type RedisEngineOptions } from "@tidewire/server/redis";
import { onTestFinished } from "vitest";
import { RecordingSink } from "../../packages/server/src/engine/contract/recording-sink.ts";
import type { Engine } from "../../packages/server/src/engine/engine.ts";
import { textBody } from "../../packages/server/src/engine/contract/trial.ts";

const plenty = { size: 10_000, ttlMs: 3_600_000 } as const;

export interface StartedEngine {
  readonly engine: Engine;
  readonly sink: RecordingSink;
}

/** Started, and stopped when the test has ended. */
export async function startEngine(url: string, options: Partial<RedisEngineOptions> = {}): Promise<StartedEngine> {
  const engine = redisEngine({ client: createClient({ url }), ...options });
  const sink = new RecordingSink();
  onTestFinished(() => engine.stop());
  await engine.start(sink);
  return { engine, sink };
}

export function say(engine: Engine, channel: string, text: string): ReturnType<Engine["publish"]> {
  return engine.publish(channel, { kind: "value", body: textBody(text), retention: plenty });
}

/** A way on which announcements arrive or not, as `isLost` says; all else is as it is. */
export function lossy(client: RedisClient, isLost: (message: Buffer) => boolean): RedisClient {
  return through(client, { isLost });
}

interface Way {
  readonly isLost?: (message: Buffer) => boolean;
  /** Told of each command when it is on its way. */
  readonly sent?: (args: readonly RedisArgument[]) => void;
  /** What a command waits for before it is on its way. */
  readonly before?: (args: readonly RedisArgument[]) => Promise<unknown> | null;
}

export function through(
  client: RedisClient,
  { isLost = () => false, sent = () => undefined, before = () => null }: Way,
): RedisClient {
  return {
    duplicate: () => {
      const connection = client.duplicate();
      return {
        connect: () => connection.connect(),
        destroy: () => connection.destroy(),
        on: (event, listener) => connection.on(event, listener),
        sendCommand: (args, options) => {
          const waiting = before(args);
          const send = (): Promise<unknown> => connection.sendCommand(args, options);
          const reply = waiting === null ? send() : waiting.then(send);
          sent(args);
          return reply;
        },
        sSubscribe: (channel, listener, bufferMode) =>
          connection.sSubscribe(
            channel,
            (message, name) => {
              if (!isLost(message)) listener(message, name);
            },
            bufferMode,
          ),
      };
    },
  };
}
