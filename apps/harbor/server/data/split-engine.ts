// An engine of two: channels that are worth a disk, and channels that are worth memory alone.
import type { memoryEngine } from "@tidewire/server/memory";

export type Engine = ReturnType<typeof memoryEngine>;

export interface SplitEngine {
  /** For every channel that `isPassing` does not name. */
  readonly lasting: Engine;
  /** For what is made anew all the time: after a restart its channels are empty, and their readers are told. */
  readonly passing: Engine;
  readonly isPassing: (channel: string) => boolean;
}

/** Acks say for themselves how durable they are; what is said of the whole is true of the lasting part. */
export function splitEngine({ lasting, passing, isPassing }: SplitEngine): Engine {
  const engineOf = (channel: string): Engine => (isPassing(channel) ? passing : lasting);
  return {
    get traits() {
      return lasting.traits;
    },
    ...(lasting.members && { members: lasting.members }),
    ...(lasting.sources && { sources: lasting.sources }),
    async start(sink) {
      await lasting.start(sink);
      await passing.start(sink);
    },
    async stop() {
      await passing.stop();
      await lasting.stop();
    },
    publish: (channel, draft) => engineOf(channel).publish(channel, draft),
    read: (channel, start, limit) => engineOf(channel).read(channel, start, limit),
    async tops(channels) {
      const [kept, made] = await Promise.all([
        lasting.tops(channels.filter((channel) => !isPassing(channel))),
        passing.tops(channels.filter(isPassing)),
      ]);
      const next = { lasting: kept.values(), passing: made.values() };
      return channels.map((channel) => {
        const { value } = (isPassing(channel) ? next.passing : next.lasting).next();
        if (value === undefined) throw new Error(`an engine named no top for "${channel}"`);
        return value;
      });
    },
    follow: (channel) => engineOf(channel).follow(channel),
    unfollow: (channel) => engineOf(channel).unfollow(channel),
  };
}
