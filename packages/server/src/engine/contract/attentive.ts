// An engine in front of another one that fails a test as soon as an answer is none, whatever the test was looking for.
import type { Engine, EngineSink } from "../engine.ts";
import { type Fault, faultOfAck, faultOfAnnouncement, faultOfPage, faultOfPosition, faultOfTops } from "../answers.ts";

export function attentive(engine: Engine, found: (fault: string) => void): Engine {
  const look = (method: string, fault: Fault): void => {
    if (fault !== null) found(`${method}: ${fault}`);
  };
  const sinkOf = (sink: EngineSink): EngineSink => ({
    announced: (channel, epoch, publication) => {
      look("announced", faultOfAnnouncement(channel, epoch, publication));
      sink.announced(channel, epoch, publication);
    },
    suspect: (channels) => sink.suspect(channels),
    health: (state) => sink.health(state),
  });
  return {
    // What acks are worth may be known only after the start.
    get traits() {
      return engine.traits;
    },
    start: (sink) => engine.start(sinkOf(sink)),
    stop: () => engine.stop(),
    publish: async (channel, draft) => {
      // The engine may give the bytes away; what it answers is compared with what they were.
      const asked =
        draft.kind === "value" ? { ...draft, body: { ...draft.body, data: draft.body.data.slice() } } : draft;
      const ack = await engine.publish(channel, draft);
      look("publish", faultOfAck(ack, asked));
      return ack;
    },
    read: async (channel, start, limit) => {
      const page = await engine.read(channel, start, limit);
      look("read", faultOfPage(page, { start, limit }));
      return page;
    },
    tops: async (channels) => {
      const tops = await engine.tops(channels);
      look("tops", faultOfTops(tops, channels.length));
      return tops;
    },
    follow: async (channel) => {
      const top = await engine.follow(channel);
      look("follow", faultOfPosition(top));
      return top;
    },
    unfollow: (channel) => engine.unfollow(channel),
  };
}
