// The face of an engine: what may be asked of it before it is started, and again after it is stopped.
//
// Everything an engine does belongs to a run, from one start to the next stop; there is one at a time, or none.
import { fail, type Position } from "@tidewire/protocol";
import type { Ack, Draft, Engine, EngineSink, EngineTraits, Page, PageLimit, PageStart } from "../engine/engine.ts";

/** One run of an engine. */
export interface EngineRun extends Pick<Engine, "publish" | "read" | "tops" | "follow" | "unfollow"> {
  /** @throws {TidewireError} `engine_unavailable`, in words; the run is closed then. */
  open(): Promise<void>;
  close(): Promise<void>;
}

export interface EngineFaceParts<Run extends EngineRun> {
  /** As it stands in sentences: "the … engine is not started". */
  readonly title: string;
  /** Also without a run. */
  readonly traits: (run: Run | null) => EngineTraits;
  readonly begin: (sink: EngineSink) => Run;
}

export class EngineFace<Run extends EngineRun> implements Engine {
  readonly #parts: EngineFaceParts<Run>;
  #run: Run | null = null;

  constructor(parts: EngineFaceParts<Run>) {
    this.#parts = parts;
  }

  get traits(): EngineTraits {
    return this.#parts.traits(this.#run);
  }

  /** For what is taken back: without a run there is nothing to take back. */
  get run(): Run | null {
    return this.#run;
  }

  /** @throws {TidewireError} `engine_unavailable` without a run. */
  started(): Run {
    return this.#run ?? fail("engine_unavailable", `the ${this.#parts.title} engine is not started`);
  }

  async start(sink: EngineSink): Promise<void> {
    const { title, begin } = this.#parts;
    if (this.#run !== null) throw new TypeError(`expected the ${title} engine to be stopped, it is started`);
    const run = begin(sink);
    this.#run = run;
    try {
      await run.open();
    } catch (thrown) {
      this.#run = null;
      // What was open by then would go on for nobody.
      await run.close();
      throw thrown;
    }
  }

  async stop(): Promise<void> {
    const run = this.#run;
    this.#run = null;
    await run?.close();
  }

  // Each is async: what is not started is refused like everything else.
  async publish(channel: string, draft: Draft): Promise<Ack> {
    return await this.started().publish(channel, draft);
  }

  async read(channel: string, start: PageStart, limit: PageLimit): Promise<Page> {
    return await this.started().read(channel, start, limit);
  }

  async tops(channels: readonly string[]): Promise<readonly Position[]> {
    return await this.started().tops(channels);
  }

  async follow(channel: string): Promise<Position> {
    return await this.started().follow(channel);
  }

  unfollow(channel: string): void {
    this.#run?.unfollow(channel);
  }
}
