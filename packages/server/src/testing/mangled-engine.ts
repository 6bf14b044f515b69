// An engine between the hub and another one, which a test has say what no engine may say.
import type { Position } from "@tidewire/protocol";
import type {
  Ack,
  Draft,
  Engine,
  EngineSink,
  EngineTraits,
  Page,
  PageLimit,
  PageStart,
  Publication,
} from "../engine/engine.ts";

export type Method = "publish" | "read" | "tops" | "follow";

/** What becomes of an honest answer: something else, an error, or a promise that takes its time. */
export type Mangle = (answer: never, channel: string) => unknown;

export class MangledEngine implements Engine {
  readonly #engine: Engine;
  /** What becomes of answers from now on. */
  readonly answers: Partial<Record<Method, Mangle>> = {};
  /** What is said instead of an announcement; `null`: it as it is. */
  announcement: ((publication: Publication, channel: string) => unknown) | null = null;
  /** How often something was mangled. */
  mangled = 0;
  #sink: EngineSink | null = null;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get traits(): EngineTraits {
    return this.#engine.traits;
  }

  get sink(): EngineSink {
    if (this.#sink === null) throw new Error("the engine is not started");
    return this.#sink;
  }

  start(sink: EngineSink): Promise<void> {
    this.#sink = sink;
    return this.#engine.start({
      announced: (channel, epoch, publication) => {
        if (this.announcement === null) return sink.announced(channel, epoch, publication);
        this.mangled += 1;
        sink.announced(channel, epoch, this.announcement(publication, channel) as Publication);
      },
      suspect: (channels) => sink.suspect(channels),
      health: (state) => sink.health(state),
    });
  }

  stop(): Promise<void> {
    return this.#engine.stop();
  }

  publish(channel: string, draft: Draft): Promise<Ack> {
    return this.#mangle("publish", channel, this.#engine.publish(channel, draft));
  }

  read(channel: string, start: PageStart, limit: PageLimit): Promise<Page> {
    return this.#mangle("read", channel, this.#engine.read(channel, start, limit));
  }

  tops(channels: readonly string[]): Promise<readonly Position[]> {
    return this.#mangle("tops", channels[0] ?? "", this.#engine.tops(channels));
  }

  follow(channel: string): Promise<Position> {
    return this.#mangle("follow", channel, this.#engine.follow(channel));
  }

  unfollow(channel: string): void {
    this.#engine.unfollow(channel);
  }

  async #mangle<Answer>(method: Method, channel: string, asked: Promise<Answer>): Promise<Answer> {
    const answer = await asked;
    const mangle = this.answers[method];
    if (mangle === undefined) return answer;
    this.mangled += 1;
    return (await mangle(answer as never, channel)) as Answer;
  }
}
