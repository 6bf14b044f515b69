// The local engine: one of several workers on a machine, whose log is kept by an owner in another process.
import type { Durability, Engine, EngineTraits } from "../../engine/engine.ts";
import { type Clock, systemClock } from "../../ports/clock.ts";
import { type Log, silentLog } from "../../ports/log.ts";
import { type Random, systemRandom } from "../../ports/random.ts";
import { EngineFace } from "../engine-face.ts";
import { Working, type WorkingOptions } from "./working.ts";

/** Where a worker meets the owner of its log. */
export interface LocalEngineOptions {
  /** The owner's socket. */
  readonly path: string;
  /** Default: says nothing. */
  readonly log?: Log;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: the operating system's. */
  readonly random?: Random;
}

/** An engine whose log is an owner's (`localOwner`). What an ack survives is the owner's engine to say, from the start on. */
export function localEngine({ path, log, clock, random: given }: LocalEngineOptions): Engine {
  if (path === "") throw new TypeError("the path of the owner's socket was expected, got an empty text");
  const random = given ?? systemRandom;
  const said: WorkingOptions["said"] = { node: random.token(96), answer: null };
  const traits: LocalTraits = { name: "local", durability: "volatile", survivesRestart: false };
  const options: Omit<WorkingOptions, "sink"> = {
    path,
    clock: clock ?? systemClock,
    random,
    log: log ?? silentLog,
    said,
    learn: ({ durability, survivesRestart }) => Object.assign(traits, { durability, survivesRestart }),
  };
  const face = new EngineFace({
    title: "local",
    traits: () => traits,
    begin: (sink) => new Working({ ...options, sink }),
  });
  return Object.assign(face, sharedParts(face, said));
}

/** Live: they are known when the owner has been met. */
interface LocalTraits extends EngineTraits {
  durability: Durability;
  survivesRestart: boolean;
}

function sharedParts(
  face: EngineFace<Working>,
  said: WorkingOptions["said"],
): Required<Pick<Engine, "members" | "sources" | "cluster">> {
  return {
    members: {
      enter: (channel, member) => face.run?.join(channel, member),
      leave: (channel, session) => face.run?.leave(channel, session),
      watch: async (channel, told) => await face.started().watch(channel, told),
      unwatch: (channel) => face.run?.unwatch(channel),
      list: async (channel) => await face.started().list(channel),
    },
    sources: {
      take: async (channel, ttlMs) => await face.started().take(channel, ttlMs),
      release: (channel) => face.run?.release(channel),
    },
    cluster: {
      listen: (node, answer) => void Object.assign(said, { node, answer }),
      ask: async (node, question) => (await face.started().ask(node, question))[0] ?? null,
      askAll: async (question) => await face.started().ask(null, question),
    },
  };
}
