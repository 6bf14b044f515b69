// One started engine in one test, with the few verbs that the contract's sentences are written in.
import type { Position } from "@tidewire/protocol";
import { expect, onTestFinished, type TestContext } from "vitest";
import type { Ack, Body, Draft, Engine, Page, PageLimit, Publication } from "../engine.ts";
import { attentive } from "./attentive.ts";
import { RecordingSink } from "./recording-sink.ts";

/** An engine over an empty store that nobody else uses. */
export interface EngineUnderTest {
  /** Not started yet. */
  readonly engine: Engine;
  /** Another one over the same store; the first is stopped when it is started. */
  reopen(): Engine;
  /** Moves the engine's time forward, or says why that cannot be done. */
  readonly advance: ((ms: number) => void | Promise<void>) | { readonly skip: string };
  /**
   * Copies the store while it is in use, as a backup does. The function it gives puts that copy in the place of the store,
   * as often as it is called, while no engine is started. Left out where nothing survives a restart.
   */
  backUp?(): (() => void | Promise<void>) | Promise<() => void | Promise<void>>;
  /** Removes the store, after the engines were stopped. */
  dispose?(): void | Promise<void>;
}

/** How the suite gets at engines of one kind. */
export interface EngineHarness {
  create(): EngineUnderTest | Promise<EngineUnderTest>;
  /** Why it keeps no tables: publishing to one is refused with `not_available`. Left out where it keeps them. */
  readonly withoutTables?: string;
  /** Why idempotency keys do not go by the clock that `advance` moves. */
  readonly withoutKeyTime?: string;
}

export type Retention = NonNullable<Extract<Draft, { kind: "value" }>["retention"]>;

export interface Saying {
  readonly retention?: Retention | null;
  readonly idempotencyKey?: string;
}

const plenty: Retention = { size: 10_000, ttlMs: 3_600_000 };
export const everything: PageLimit = { publications: 10_000, bytes: Number.MAX_SAFE_INTEGER };

export class Trial {
  readonly sink: RecordingSink = new RecordingSink();
  readonly subject: EngineUnderTest;
  readonly #faults: string[] = [];
  #engine: Engine;

  private constructor(subject: EngineUnderTest) {
    this.subject = subject;
    this.#engine = this.#watched(subject.engine);
  }

  /** A started engine; it is stopped, and its store removed, when the test has ended. */
  static async begin(harness: EngineHarness): Promise<Trial> {
    const trial = new Trial(await harness.create());
    onTestFinished(async () => {
      await trial.engine.stop();
      await trial.subject.dispose?.();
      expect(trial.#faults).toEqual([]);
    });
    await trial.engine.start(trial.sink);
    return trial;
  }

  get engine(): Engine {
    return this.#engine;
  }

  /** Stops the engine and goes on with another one over the same store. @param between Done while none runs. */
  async restart(between?: () => void | Promise<void>): Promise<void> {
    await this.#engine.stop();
    await between?.();
    this.#engine = this.#watched(this.subject.reopen());
    await this.#engine.start(this.sink);
  }

  /** Skips the test where the engine's time cannot be moved. */
  async advance(context: TestContext, ms: number): Promise<void> {
    const { advance } = this.subject;
    if (typeof advance !== "function") context.skip(advance.skip);
    else await advance(ms);
  }

  say(channel: string, text: string, saying: Saying = {}): Promise<Ack> {
    return this.publish(channel, textBody(text), saying);
  }

  /** Says the numbers from 1 to `count`, all at once. */
  sayMany(channel: string, count: number, saying: Saying = {}): Promise<Ack[]> {
    return Promise.all(Array.from({ length: count }, (_, index) => this.say(channel, `${index + 1}`, saying)));
  }

  publish(channel: string, body: Body, saying: Saying = {}): Promise<Ack> {
    const { retention = plenty, idempotencyKey } = saying;
    const draft = { kind: "value", body, retention } as const;
    return this.#engine.publish(channel, idempotencyKey === undefined ? draft : { ...draft, idempotencyKey });
  }

  #watched(engine: Engine): Engine {
    return attentive(engine, (fault) => this.#faults.push(fault));
  }

  history(channel: string): Promise<Page> {
    return this.#engine.read(channel, "oldest", everything);
  }

  async top(channel: string): Promise<Position> {
    const [top] = await this.#engine.tops([channel]);
    if (top === undefined) throw new TypeError("one top was expected, got none");
    return top;
  }
}

export function textBody(text: string): Body {
  return { data: new TextEncoder().encode(text), form: "text" };
}

function textOf(publication: Publication): string {
  return new TextDecoder().decode(publication.data);
}

export function textsOf(publications: readonly Publication[]): string[] {
  return publications.map(textOf);
}

/** The publication of an ack that must have one. */
export function publicationOf(ack: Ack): Publication {
  if (ack.publication === null) throw new TypeError("an ack with a publication was expected, got none");
  return ack.publication;
}
