// The NATS engine: the log of every channel in JetStream, on one server or three, which any number of nodes share.
import type { Engine, EngineCluster, EngineMembers, EngineSources } from "../../engine/engine.ts";
import { type Clock, systemClock } from "../../ports/clock.ts";
import { type Log, silentLog } from "../../ports/log.ts";
import { type Random, systemRandom } from "../../ports/random.ts";
import { EngineFace } from "../engine-face.ts";
import type { Answering } from "../questions/questions.ts";
import { Names } from "./names.ts";
import type { NatsClient } from "./nats-client.ts";
import { Running, type RunningOptions } from "./running.ts";

export type {
  NatsClient,
  NatsConnection,
  NatsJetStream,
  NatsManager,
  NatsMessage,
  NatsMessageQuery,
  NatsPublishOptions,
  NatsStoredMessage,
  NatsStreamConfig,
  NatsStreamInfo,
} from "./nats-client.ts";

/** What `natsEngine` takes. Only `connect` is needed. */
export interface NatsEngineOptions {
  /**
   * Makes a connection to NATS from 2.9 with JetStream. The engine calls it at its start, and again when a connection has
   * ended for good; it closes what it was given.
   */
  readonly connect: () => Promise<NatsClient>;
  /** What all streams and subjects begin with, so that several applications can share one NATS. Default: "tidewire". */
  readonly prefix?: string;
  /** Where the engine makes its streams if there are none. Default: "file". */
  readonly storage?: "file" | "memory";
  /** Replicas of the streams that the engine makes. Default: 3 in a cluster, else 1. */
  readonly replicas?: number;
  /** A channel that nobody wrote to for so long is forgotten, in milliseconds; nothing is kept longer. Default: 30 days. */
  readonly forgetAfterMs?: number;
  /** Default: says nothing. */
  readonly log?: Log;
  /** Default: the machine's. Retention goes by it, so nodes have to agree on the time. */
  readonly clock?: Clock;
  /** Default: the operating system's. */
  readonly random?: Random;
}

const monthMs = 30 * 86_400_000;

/**
 * An engine for several nodes. What an ack is worth depends on how the streams are kept: `traits.durability` tells.
 * Tables (`latest`) need NATS 2.11; older ones refuse them with `not_available`.
 */
export function natsEngine(options: NatsEngineOptions): Engine {
  const { forgetAfterMs = monthMs, replicas = null } = options;
  if (!Number.isSafeInteger(forgetAfterMs) || forgetAfterMs < 1_000) {
    throw new RangeError(`forgetAfterMs of whole milliseconds from 1000 was expected, got ${forgetAfterMs}`);
  }
  if (replicas !== null && ![1, 3, 5].includes(replicas)) {
    throw new RangeError(`1, 3 or 5 replicas were expected, got ${replicas}`);
  }
  const given: Omit<RunningOptions, "sink" | "answering"> = {
    connect: options.connect,
    names: new Names(options.prefix ?? "tidewire"),
    storage: options.storage ?? "file",
    replicas,
    forgetAfterMs,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    log: options.log ?? silentLog,
  };
  let answering: Answering | null = null;
  const face = new EngineFace<Running>({
    title: "NATS",
    traits: (run) => ({ name: "nats", durability: run?.durability ?? "volatile", survivesRestart: true }),
    begin: (sink) => new Running({ ...given, answering, sink }),
  });
  return Object.assign(
    face,
    sharedParts(face, (given) => (answering = given)),
  );
}

interface SharedParts {
  readonly members: EngineMembers;
  readonly sources: EngineSources;
  readonly cluster: EngineCluster;
}

function sharedParts(face: EngineFace<Running>, listen: (answering: Answering) => void): SharedParts {
  return {
    members: {
      enter: (channel, member) => face.run?.bus.members.enter(channel, member),
      leave: (channel, session) => face.run?.bus.members.leave(channel, session),
      watch: async (channel, told) => await face.started().bus.members.watch(channel, told),
      unwatch: (channel) => face.run?.bus.members.unwatch(channel),
      list: async (channel) => await face.started().bus.members.list(channel),
    },
    sources: {
      take: async (channel, ttlMs) => await face.started().take(channel, ttlMs),
      release: (channel) => void face.run?.release(channel).catch(() => undefined),
    },
    cluster: {
      listen: (node, answer) => listen({ node, answer }),
      ask: async (node, question) => await face.started().bus.ask(node, question),
      askAll: async (question) => await face.started().bus.askAll(question),
    },
  };
}
