// An engine whose answers are looked at before anything believes them: the one place where they enter the hub.
//
// What is no answer counts as none: of a publish nobody knows what became (P3), a read has failed, and of a channel whose
// announcement cannot be read the top is asked. None of it concerns another channel (decision 0017).
import { type Position, TidewireError } from "@tidewire/protocol";
import type {
  Ack,
  Draft,
  Engine,
  EngineMembers,
  EngineSink,
  EngineSources,
  EngineTraits,
  OtherMember,
  Page,
  PageLimit,
  PageStart,
  Publication,
} from "../engine/engine.ts";
import type { Clock } from "../ports/clock.ts";
import { type Log, reasonOf } from "../ports/log.ts";
import type { Metrics } from "../ports/metrics.ts";
import { Deadlines } from "./deadlines.ts";
import { Doubts } from "./doubts.ts";
import {
  type Fault,
  faultOfAck,
  faultOfAddress,
  faultOfAnnouncement,
  faultOfMember,
  faultOfMembers,
  faultOfPage,
  faultOfPosition,
  faultOfTops,
} from "../engine/answers.ts";

export interface CheckedEngineOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** An engine said what cannot be. Asked again it may say the same. */
export class BadAnswer extends TidewireError {
  constructor() {
    super("engine_unavailable", "the engine's answer could not be read");
  }
}

interface Question {
  readonly method: "read" | "tops" | "follow" | "members" | "sources";
  readonly ask: () => unknown;
  readonly faultOf: (answer: unknown) => Fault;
  readonly late?: () => void;
}

/** One fault is written down, and then none for so long; all are counted. */
const silenceMs = 10_000;

export class CheckedEngine implements Engine {
  readonly members: EngineMembers | undefined;
  readonly sources: EngineSources | undefined;
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #deadlines: Deadlines;
  readonly #followed = new Set<string>();
  #doubts: Doubts;
  #silentUntilMs = -Infinity;
  /** The publication of the last ack, when it was right: its announcement is often the same object. */
  #acked: Publication | null = null;

  constructor(engine: Engine, { clock, log, metrics }: CheckedEngineOptions) {
    this.#engine = engine;
    this.#clock = clock;
    this.#log = log;
    this.#metrics = metrics;
    this.#deadlines = new Deadlines(clock);
    this.#doubts = new Doubts(clock, () => undefined);
    this.members = engine.members && this.#checked(engine.members);
    this.sources = engine.sources && this.#checkedSources(engine.sources);
  }

  get traits(): EngineTraits {
    return this.#engine.traits;
  }

  async start(sink: EngineSink): Promise<void> {
    this.#doubts = new Doubts(this.#clock, (channels) => sink.suspect(channels));
    await this.#engine.start({
      announced: (channel, epoch, publication) => {
        const isKnown = publication === this.#acked && publication !== null;
        const fault = isKnown ? faultOfAddress(channel, epoch) : faultOfAnnouncement(channel, epoch, publication);
        if (fault === null) return sink.announced(channel, epoch, publication);
        this.#say("announced", fault);
        this.#doubt(channel);
      },
      suspect: (channels) => {
        const isList = Array.isArray(channels) && channels.every((name) => typeof name === "string");
        sink.suspect(isList ? channels : "all");
      },
      health: (state) => {
        if (state === "up" || state === "down") sink.health(state);
        else this.#say("health", "expected up or down");
      },
    });
  }

  async stop(): Promise<void> {
    await this.#engine.stop();
    this.#deadlines.stop();
  }

  publish(channel: string, draft: Draft): Promise<Ack> {
    const startMs = this.#clock.now();
    const ended = (): void => this.#metrics.publishing.observe(this.#clock.now() - startMs);
    return this.#deadlines.ask(() => this.#engine.publish(channel, draft), {
      answered: (answer) => {
        ended();
        const fault = faultOfAck(answer, draft);
        if (fault !== null) throw this.#unknown(channel, fault);
        const ack = answer as Ack;
        this.#acked = ack.publication;
        return ack;
      },
      rejected: (thrown) => {
        ended();
        if (!isRefusal(thrown)) return this.#unknown(channel, `expected a refusal, got ${reasonOf(thrown)}`);
        if (isFullTable(draft, thrown)) this.#metrics.hit("latestTable");
        return thrown;
      },
      unanswered: (why) => {
        ended();
        return why === "late"
          ? this.#unknown(channel, "expected an answer, got none in time")
          : unknown("the engine has stopped");
      },
      late: () => this.#doubt(channel),
    });
  }

  read(channel: string, start: PageStart, limit: PageLimit): Promise<Page> {
    return this.#ask({
      method: "read",
      ask: () => this.#engine.read(channel, start, limit),
      faultOf: (page) => faultOfPage(page, { start, limit }),
    });
  }

  tops(channels: readonly string[]): Promise<readonly Position[]> {
    return this.#ask({
      method: "tops",
      ask: () => this.#engine.tops(channels),
      faultOf: (tops) => faultOfTops(tops, channels.length),
    });
  }

  async follow(channel: string): Promise<Position> {
    this.#followed.add(channel);
    try {
      return await this.#ask<Position>({
        method: "follow",
        ask: () => this.#engine.follow(channel),
        faultOf: faultOfPosition,
        late: () => {
          if (!this.#followed.has(channel)) this.unfollow(channel);
        },
      });
    } catch (thrown) {
      this.unfollow(channel);
      throw thrown;
    }
  }

  unfollow(channel: string): void {
    this.#followed.delete(channel);
    try {
      this.#engine.unfollow(channel);
    } catch (thrown) {
      this.#say("unfollow", `expected nothing, got ${reasonOf(thrown)}`);
    }
  }

  /** Asked with a deadline; a member that cannot be is nobody. */
  #checked(members: EngineMembers): EngineMembers {
    const tellSound = (told: (change: OtherMember) => void, change: OtherMember): void => {
      const fault = faultOfMember(change.member);
      if (fault === null) told(change);
      else this.#say("members", fault);
    };
    return {
      enter: (channel, member) => members.enter(channel, member),
      leave: (channel, session) => members.leave(channel, session),
      watch: (channel, told) =>
        this.#ask({
          method: "members",
          ask: () => members.watch(channel, (change) => tellSound(told, change)),
          faultOf: () => null,
        }),
      unwatch: (channel) => members.unwatch(channel),
      list: (channel) => this.#ask({ method: "members", ask: () => members.list(channel), faultOf: faultOfMembers }),
    };
  }

  #checkedSources(sources: EngineSources): EngineSources {
    const isFence = (given: unknown): boolean => given === null || Number.isSafeInteger(given);
    return {
      take: (channel, ttlMs) =>
        this.#ask({
          method: "sources",
          ask: () => sources.take(channel, ttlMs),
          faultOf: (given) => (isFence(given) ? null : "expected a fence or null"),
        }),
      release: (channel) => sources.release(channel),
    };
  }

  #ask<Answer>({ method, ask, faultOf, late = () => undefined }: Question): Promise<Answer> {
    return this.#deadlines.ask(ask, {
      answered: (answer) => {
        const fault = faultOf(answer);
        if (fault === null) return answer as Answer;
        this.#say(method, fault);
        throw new BadAnswer();
      },
      rejected: (thrown) => {
        if (isRefusal(thrown)) return thrown;
        this.#say(method, `expected an answer, got ${reasonOf(thrown)}`);
        return new TidewireError("engine_unavailable", "the engine could not answer");
      },
      unanswered: (why) => {
        if (why === "late") this.#say(method, "expected an answer, got none in time");
        return new TidewireError("engine_unavailable", "the engine did not answer");
      },
      late,
    });
  }

  /** It may have been appended: whoever reads the channel is told of it all the same. */
  #unknown(channel: string, fault: string): TidewireError {
    this.#say("publish", fault);
    this.#doubt(channel);
    return unknown("the engine's answer could not be read");
  }

  #doubt(channel: unknown): void {
    this.#doubts.add(typeof channel === "string" ? [channel] : "all");
  }

  #say(method: string, fault: string): void {
    this.#metrics.add("engine_bad_answers");
    const nowMs = this.#clock.now();
    if (nowMs < this.#silentUntilMs) return;
    this.#silentUntilMs = nowMs + silenceMs;
    this.#log.error("the engine's answer could not be read", { engine: this.#name(), method, fault });
  }

  #name(): string {
    return this.#engine.traits.name;
  }
}

function unknown(why: string): TidewireError {
  return new TidewireError("indeterminate", why);
}

/** One of the contract's own words; `internal` says that the engine does not know either. */
function isRefusal(thrown: unknown): thrown is TidewireError {
  try {
    return thrown instanceof TidewireError && thrown.reason !== "internal";
  } catch {
    // A hostile object has no kind.
    return false;
  }
}

/** A value that the channel's table has no room for. */
function isFullTable(draft: Draft, thrown: unknown): boolean {
  if (draft.kind !== "value" || draft.retention?.kind !== "table") return false;
  return thrown instanceof TidewireError && thrown.reason === "limit_exceeded";
}
