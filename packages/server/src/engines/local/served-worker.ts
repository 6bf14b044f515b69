// One worker as the owner serves it: what it asks is put to the engine in order, and what it follows is announced to it.
import { type Member, type Position, TidewireError } from "@tidewire/protocol";
import type { Socket } from "node:net";
import type { Ack, Draft, Engine, Page, PageLimit } from "../../engine/engine.ts";
import type { Clock } from "../../ports/clock.ts";
import { reasonOf } from "../../ports/log.ts";
import { Line } from "./line.ts";
import {
  type BareDraft,
  bareOf,
  type BarePage,
  type FromOwner,
  type FromWorker,
  type Question,
  type Word,
} from "./messages.ts";
import { readFromWorker } from "./reading.ts";
import { encodeRecord, type LineRecord } from "./records.ts";

/** What a worker finds at the owner. */
export interface Office {
  readonly engine: Engine;
  /** Of one that said hello. @throws {TypeError} when it may not come in. */
  enter(worker: ServedWorker, hello: Extract<Word, { kind: "hello" }>): void;
  follow(worker: ServedWorker, channel: string): Promise<Position>;
  unfollow(worker: ServedWorker, channel: string): void;
  join(worker: ServedWorker, said: Extract<Word, { kind: "join" }>): void;
  leave(worker: ServedWorker, said: Extract<Word, { kind: "leave" }>): void;
  members(worker: ServedWorker, channel: string): readonly Member[];
  /** @returns who is there by other workers; from now on it is told who comes and leaves. */
  watch(worker: ServedWorker, channel: string): readonly Member[];
  unwatch(worker: ServedWorker, channel: string): void;
  take(worker: ServedWorker, channel: string, ttlMs: number): number | null;
  release(worker: ServedWorker, channel: string): void;
  isCurrent(channel: string, fence: number): boolean;
  ask(worker: ServedWorker, node: string | null, question: Uint8Array): Promise<readonly Uint8Array[]>;
  answered(worker: ServedWorker, n: number, answer: Uint8Array | null): void;
  gone(worker: ServedWorker, fault: string | null): void;
}

/** Of one worker at once; what comes after waits in its socket. */
const mostReads = 64;
/** No page is larger, so that a record is not. */
const most: PageLimit = { publications: 10_000, bytes: 32 * 1024 * 1024 };

/** Members of one record. */
const mostAtOnce = 1_000;
const mostListed = 10_000;

const waits: Set<FromWorker["kind"]> = new Set(["read", "tops", "follow", "watch", "list", "ask"]);

export class ServedWorker {
  /** `null` until it said hello. */
  node: string | null = null;
  readonly followed: Set<string> = new Set();
  readonly watched: Set<string> = new Set();
  /** Seconds without a word. */
  quiet = 0;
  readonly #line: Line;
  readonly #office: Office;
  #reads = 0;
  #hasMissed = false;

  constructor(socket: Socket, clock: Clock, office: Office) {
    this.#office = office;
    this.#line = new Line(socket, clock, {
      received: (record) => this.#received(record),
      drained: () => this.#drained(),
      closed: (fault) => office.gone(this, fault),
    });
  }

  say(said: FromOwner, payloads: readonly Uint8Array[] = []): void {
    this.#line.send(encodeRecord(said, payloads));
  }

  /** News that may be lost to a worker that does not read: it is told to look for itself then. */
  tell(record: Buffer): void {
    if (this.#line.isFull) this.#hasMissed = true;
    else this.#line.send(record);
  }

  end(): void {
    this.#line.end();
  }

  cut(fault: string | null = null): void {
    this.#line.cut(fault);
  }

  #received({ header, payload }: LineRecord): void {
    const said = readFromWorker(header);
    this.quiet = 0;
    if (said.kind === "hello") {
      if (this.node !== null) throw new TypeError("expected one hello, got another");
      return this.#office.enter(this, said);
    }
    if (this.node === null) throw new TypeError(`expected hello, got ${said.kind}`);
    if (!waits.has(said.kind)) return this.#take(said, payload);
    this.#reads += 1;
    this.#take(said, payload);
    this.#holdOrGoOn();
  }

  #take(said: Exclude<FromWorker, { kind: "hello" }>, payload: Uint8Array): void {
    const office = this.#office;
    switch (said.kind) {
      case "unfollow":
        return office.unfollow(this, said.channel);
      case "unwatch":
        return office.unwatch(this, said.channel);
      case "join":
        return office.join(this, said);
      case "leave":
        return office.leave(this, said);
      case "release":
        return office.release(this, said.channel);
      case "answer":
        return office.answered(this, said.to, said.isGiven ? payload : null);
      case "publish":
      case "read":
      case "tops":
      case "follow":
      case "watch":
      case "list":
      case "take":
      case "ask":
      case "ping":
        this.#answer(said, payload).then(
          () => this.#answered(said),
          (thrown: unknown) => {
            this.#refuse(said.n, thrown);
            this.#answered(said);
          },
        );
    }
  }

  /** Puts it to the engine before it returns, so that what one worker asks keeps its order (P1). */
  async #answer(asked: Question & { readonly n: number }, payload: Uint8Array): Promise<void> {
    const { n } = asked;
    switch (asked.kind) {
      case "publish":
        return this.#acked(n, asked.draft, await this.#publish(asked.channel, asked.draft, payload));
      case "read":
        return this.#paged(n, await this.#office.engine.read(asked.channel, asked.start, clamped(asked.limit)));
      case "tops":
        return this.say({ kind: "done", n, answer: await this.#office.engine.tops(asked.channels) });
      case "follow":
        return this.say({ kind: "done", n, answer: await this.#office.follow(this, asked.channel) });
      case "watch":
        return this.#watched(n, asked.channel);
      case "take":
        return this.say({ kind: "done", n, answer: this.#office.take(this, asked.channel, asked.ttlMs) });
      case "list":
        return this.#listed(n, this.#office.members(this, asked.channel));
      case "ask": {
        const answers = await this.#office.ask(this, asked.node, payload);
        return this.say({ kind: "done", n, answer: answers.map(({ byteLength }) => byteLength) }, answers);
      }
      case "ping":
        return this.say({ kind: "done", n, answer: null });
    }
  }

  #publish(channel: string, bare: BareDraft, data: Uint8Array): Promise<Ack> {
    if (bare.kind !== "value") return this.#office.engine.publish(channel, bare);
    const { fence, body, ...rest } = bare;
    if (fence !== undefined && !this.#office.isCurrent(channel, fence)) {
      throw new TidewireError("conflict", "another node holds the lease of this channel");
    }
    const draft: Draft = { ...rest, body: { ...body, data } };
    return this.#office.engine.publish(channel, draft);
  }

  #acked(n: number, draft: BareDraft, { publication, ...ack }: Ack): void {
    const answer = { ...ack, publication: publication === null ? null : bareOf(publication) };
    const isKnown = draft.kind === "value" || publication === null;
    this.say({ kind: "done", n, answer }, isKnown ? [] : [publication.data]);
  }

  #paged(n: number, { publications, ...page }: Page): void {
    const bare = publications.map((each) => ({ ...bareOf(each), bytes: each.data.byteLength }));
    const answer: BarePage = { ...page, publications: bare };
    this.say(
      { kind: "done", n, answer },
      publications.map(({ data }) => data),
    );
  }

  /** Who is there is said before the answer, in parts, and never left out. */
  #watched(n: number, channel: string): void {
    const members = this.#office.watch(this, channel);
    this.say({ kind: "members", channel, news: { kind: "all", members: members.slice(0, mostAtOnce) } });
    for (const member of members.slice(mostAtOnce)) {
      this.say({ kind: "members", channel, news: { kind: "join", member } });
    }
    this.say({ kind: "done", n, answer: null });
  }

  /** What they show may be more than a record holds: of a crowd nobody is shown, and everybody is counted. */
  #listed(n: number, members: readonly Member[]): void {
    const bare = ({ session, user }: Member): Member => ({ session, user });
    this.say({ kind: "done", n, answer: members.length <= mostListed ? members : members.map(bare) });
  }

  #refuse(n: number, thrown: unknown): void {
    const isOurs = thrown instanceof TidewireError && thrown.reason !== "application";
    const reason = isOurs ? thrown.reason : "internal";
    this.say({ kind: "failed", n, reason, message: reasonOf(thrown) });
  }

  #answered({ kind }: FromWorker): void {
    if (!waits.has(kind)) return;
    this.#reads -= 1;
    this.#holdOrGoOn();
  }

  #holdOrGoOn(): void {
    this.#line.hold(this.#reads >= mostReads || this.#line.isFull);
  }

  #drained(): void {
    if (this.#hasMissed) this.say({ kind: "missed" });
    this.#hasMissed = false;
    this.#holdOrGoOn();
  }
}

function clamped({ publications, bytes }: PageLimit): PageLimit {
  return { publications: Math.min(publications, most.publications), bytes: Math.min(bytes, most.bytes) };
}
