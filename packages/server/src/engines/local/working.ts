// The local engine between start and stop: what it follows, whether it is up, and what it asks the owner.
import { fail, type Member, type Position, type SessionId } from "@tidewire/protocol";
import type {
  Ack,
  Draft,
  EngineSink,
  EngineTraits,
  OtherMember,
  Page,
  PageLimit,
  PageStart,
} from "../../engine/engine.ts";
import { checkPageLimit, checkRetention } from "../../engine/ring.ts";
import type { Cancel } from "../../ports/clock.ts";
import { reasonOf } from "../../ports/log.ts";
import { checkKey, nothing, ownBytes } from "../payload.ts";
import type { BareAck, BarePage, Question } from "./messages.ts";
import { OwnMembers } from "./own-members.ts";
import { errorOf, type LinkOptions, type News, OwnerLink } from "./owner-link.ts";
import { Watched } from "./watched.ts";

export interface WorkingOptions extends LinkOptions {
  /** What was said before the start. */
  readonly said: {
    node: string;
    answer: ((question: Uint8Array) => Promise<Uint8Array>) | null;
  };
  readonly learn: (traits: Pick<EngineTraits, "durability" | "survivesRestart">) => void;
  readonly sink: EngineSink;
}

/** Members of other workers are shown so long after the last word of the owner (R3). */
const membersMs = 30_000;
/** How long to wait before the owner is asked again that could not follow a channel. */
const followRetryMs = 500;

type Asked<Result> = (answer: unknown, payload: Uint8Array) => Result;

export class Working {
  readonly #options: WorkingOptions;
  readonly #link: OwnerLink;
  readonly #members = new OwnMembers();
  readonly #watched = new Watched();
  readonly #followed = new Set<string>();
  /** Whether everything is followed that should be, over this line. */
  #isFollowing = false;
  #isStalled = false;
  /** What the owner says of its engine. */
  #isOwnerUp = true;
  #wasUp = true;
  /** Follows again, of whatever it was the newest time. */
  #round = 0;
  #cancelRetry: Cancel = () => undefined;
  #cancelMembers: Cancel = () => undefined;

  constructor(options: WorkingOptions) {
    this.#options = options;
    this.#link = new OwnerLink(options, {
      node: () => options.said.node,
      greeted: (traits, isUp) => this.#greeted(traits, isUp),
      told: (news, payload) => this.#told(news, payload),
      stalled: () => this.#changed(() => (this.#isStalled = true)),
      resumed: () => this.#resumed(),
      lost: () => this.#lost(),
    });
  }

  async open(): Promise<void> {
    await this.#link.open();
  }

  async close(): Promise<void> {
    this.#cancelRetry();
    this.#cancelMembers();
    await this.#link.close();
  }

  async publish(channel: string, draft: Draft): Promise<Ack> {
    if (draft.kind !== "clear" && draft.retention !== null) checkRetention(draft.retention);
    if (draft.kind !== "value") {
      return await this.#ask({ kind: "publish", channel, draft }, (answer, payload) => ackOf(answer, draft, payload));
    }
    checkKey(draft);
    const { data, ...body } = draft.body;
    const question: Question = { kind: "publish", channel, draft: { ...draft, body } };
    return await this.#ask(question, (answer) => ackOf(answer, draft, data), [data]);
  }

  async read(channel: string, start: PageStart, limit: PageLimit): Promise<Page> {
    checkPageLimit(limit);
    const { publications, bytes } = limit;
    const asked = { publications, bytes: Math.min(bytes, Number.MAX_SAFE_INTEGER) };
    return await this.#ask({ kind: "read", channel, start, limit: asked }, pageOf);
  }

  async tops(channels: readonly string[]): Promise<readonly Position[]> {
    return await this.#ask({ kind: "tops", channels }, (answer) => answer as readonly Position[]);
  }

  async follow(channel: string): Promise<Position> {
    const wasFollowed = this.#followed.has(channel);
    this.#followed.add(channel);
    try {
      return await this.#ask({ kind: "follow", channel }, (answer) => answer as Position);
    } catch (thrown) {
      if (!wasFollowed) this.unfollow(channel);
      throw thrown;
    }
  }

  unfollow(channel: string): void {
    if (this.#followed.delete(channel)) this.#link.say({ kind: "unfollow", channel });
  }

  join(channel: string, member: Member): void {
    this.#members.add(channel, member);
    this.#link.say({ kind: "join", channel, member });
  }

  leave(channel: string, session: SessionId): void {
    this.#members.remove(channel, session);
    this.#link.say({ kind: "leave", channel, session });
  }

  async list(channel: string): Promise<readonly Member[]> {
    return await this.#ask({ kind: "list", channel }, (answer) => answer as readonly Member[]);
  }

  /** What is told comes before the answer. */
  async watch(channel: string, told: (change: OtherMember) => void): Promise<void> {
    this.#watched.add(channel, told);
    try {
      await this.#ask({ kind: "watch", channel }, () => undefined);
    } catch (thrown) {
      this.unwatch(channel);
      throw thrown;
    }
  }

  unwatch(channel: string): void {
    if (this.#watched.delete(channel)) this.#link.say({ kind: "unwatch", channel });
  }

  async take(channel: string, ttlMs: number): Promise<number | null> {
    return await this.#ask({ kind: "take", channel, ttlMs }, (answer) => (typeof answer === "number" ? answer : null));
  }

  release(channel: string): void {
    this.#link.say({ kind: "release", channel });
  }

  async ask(node: string | null, question: Uint8Array): Promise<readonly Uint8Array[]> {
    return await this.#ask({ kind: "ask", node }, partsOf, [question]);
  }

  get #mayAsk(): boolean {
    return this.#isFollowing && !this.#isStalled && !this.#link.isClosing;
  }

  /** `conclude` runs in the order of the answers, before anything that waits for the promise. */
  #ask<Result>(question: Question, conclude: Asked<Result>, payloads: readonly Uint8Array[] = []): Promise<Result> {
    const { asked } = this.#link;
    if (asked === null || !this.#mayAsk) return fail("engine_unavailable", "the owner of the log is not available");
    return new Promise((resolve, reject) => {
      const settle = (answer: unknown, payload: Uint8Array): void => {
        try {
          resolve(conclude(answer, payload));
        } catch (thrown) {
          reject(errorOf(thrown));
        }
      };
      asked.ask({ question, payloads, settle, fail: reject });
    });
  }

  #greeted(traits: Pick<EngineTraits, "durability" | "survivesRestart">, isUp: boolean): void {
    this.#options.learn(traits);
    this.#cancelMembers();
    this.#isStalled = false;
    this.#isOwnerUp = isUp;
    for (const [channel, member] of this.#members.each()) this.#link.say({ kind: "join", channel, member });
    this.#followAll();
  }

  /** Of all that is followed, so that what was missed can be asked for: announcements flow again. */
  #followAll(): void {
    this.#cancelRetry();
    this.#round += 1;
    const round = this.#round;
    const questions: Question[] = [
      ...[...this.#followed].map((channel): Question => ({ kind: "follow", channel })),
      ...this.#watched.channels.map((channel): Question => ({ kind: "watch", channel })),
    ];
    let left = questions.length;
    let isWhole = true;
    const answered = (): void => {
      if (round !== this.#round || left > 0) return;
      if (!isWhole) this.#cancelRetry = this.#options.clock.after(followRetryMs, () => this.#followAll());
      else this.#changed(() => (this.#isFollowing = true), "missed");
    };
    answered();
    for (const question of questions) {
      const settle = (): void => {
        left -= 1;
        answered();
      };
      const fail = (): void => {
        isWhole = false;
        settle();
      };
      this.#link.asked?.tell({ question, settle, fail });
    }
  }

  #told(news: News, payload: Uint8Array): void {
    const { sink } = this.#options;
    switch (news.kind) {
      case "announced": {
        const { channel, epoch, publication } = news;
        if (this.#followed.has(channel)) sink.announced(channel, epoch, { ...publication, data: ownBytes(payload) });
        return;
      }
      case "suspect":
        return sink.suspect(news.channels);
      case "missed":
        return this.#followAll();
      case "health":
        return this.#changed(() => (this.#isOwnerUp = news.state === "up"));
      case "members":
        return this.#watched.hear(news.channel, news.news);
      case "question":
        this.#answer(news.n, payload).catch((thrown: unknown) => {
          this.#options.log.error("another node's question could not be answered", { reason: reasonOf(thrown) });
          this.#link.say({ kind: "answer", to: news.n, isGiven: false });
        });
    }
  }

  async #answer(to: number, question: Uint8Array): Promise<void> {
    const answer = (await this.#options.said.answer?.(question)) ?? null;
    this.#link.say({ kind: "answer", to, isGiven: answer !== null }, answer === null ? [] : [answer]);
  }

  /** Follows that failed meanwhile may not be what the owner knows. */
  #resumed(): void {
    this.#isStalled = false;
    this.#followAll();
  }

  #lost(): void {
    this.#round += 1;
    this.#cancelRetry();
    this.#changed(() => (this.#isFollowing = false));
    this.#cancelMembers = this.#options.clock.after(membersMs, () => this.#watched.forget());
  }

  /** Says what comes of a change; after `missed` everything may have been. */
  #changed(change: () => void, missed?: "missed"): void {
    const { sink, log } = this.#options;
    change();
    const isUp = this.#isFollowing && !this.#isStalled && this.#isOwnerUp;
    const isChanged = isUp !== this.#wasUp;
    this.#wasUp = isUp;
    if (isChanged && isUp) log.info("the owner of the log answers");
    if (isChanged && !isUp) log.error("the owner of the log does not answer");
    if (isChanged) sink.health(isUp ? "up" : "down");
    if (isUp && this.#followed.size > 0 && (isChanged || missed !== undefined)) sink.suspect("all");
  }
}

function ackOf(answer: unknown, draft: Draft, payload: Uint8Array): Ack {
  const { publication, ...ack } = answer as BareAck;
  if (publication === null) return { ...ack, publication };
  const data = draft.kind === "value" ? ownBytes(payload) : nothing;
  return { ...ack, publication: { ...publication, data } };
}

function pageOf(answer: unknown, payload: Uint8Array): Page {
  const { publications, ...page } = answer as BarePage;
  let at = 0;
  const whole = publications.map(({ bytes, ...publication }) => {
    const data = payload.slice(at, at + bytes);
    at += bytes;
    return { ...publication, data };
  });
  return { ...page, publications: whole };
}

/** Answers of several nodes, by their lengths. */
function partsOf(answer: unknown, payload: Uint8Array): readonly Uint8Array[] {
  let at = 0;
  return (answer as readonly number[]).map((length) => {
    at += length;
    return payload.subarray(at - length, at);
  });
}
