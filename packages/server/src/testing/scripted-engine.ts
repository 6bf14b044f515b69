// An engine that a test directs: it loses, doubles, delays and reorders announcements, holds and fails reads.
import { fail, type Position } from "@tidewire/protocol";
import type {
  Ack,
  Body,
  Draft,
  Engine,
  EngineSink,
  EngineTraits,
  Page,
  PageLimit,
  PageStart,
  Publication,
} from "../engine/engine.ts";
import { defaultWallMs } from "./fake-clock.ts";

/** A publication as an engine announces it. */
export interface Announcement {
  readonly channel: string;
  readonly epoch: string;
  readonly publication: Publication;
}

interface Log {
  epoch: string;
  offset: number;
  lastId: string | null;
  kept: Publication[];
  /** Of a table: the newest removal that was forgotten. */
  floor: number;
}

/** An answer that waits until the test lets it go. */
interface Held {
  readonly answer: () => void;
}

/** An engine in memory whose timing and failures a test decides. */
export class ScriptedEngine implements Engine {
  readonly traits: EngineTraits = { name: "scripted", durability: "volatile", survivesRestart: false };
  /** Announcements that were not sent, while `isDirected`. */
  readonly pending: Announcement[] = [];
  /** Whether the test sends announcements itself. */
  isDirected = false;
  /** Whether acks wait in `heldAcks`, and reads in `heldReads` with the answer of when they were asked. */
  holdsAcks = false;
  holdsReads = false;
  readonly heldAcks: Held[] = [];
  readonly heldReads: Held[] = [];
  /** How many of the next reads, tops and follows fail. */
  failures = 0;
  /** Thrown by the next publishes, once each. */
  readonly refusals: Error[] = [];
  reads = 0;
  /** Calls of `tops`. */
  topReads = 0;
  readonly followed: Set<string> = new Set();
  #sink: EngineSink | null = null;
  #count = 0;
  readonly #logs = new Map<string, Log>();

  get sink(): EngineSink {
    return this.#sink ?? fail("internal", "the engine is not started");
  }

  async start(sink: EngineSink): Promise<void> {
    this.#sink = sink;
  }

  async stop(): Promise<void> {
    this.#sink = null;
  }

  async publish(channel: string, draft: Draft): Promise<Ack> {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) throw refusal;
    if (draft.kind === "clear") {
      this.clear(channel);
      return { position: this.top(channel), publication: null, duplicate: false, durability: "volatile" };
    }
    const isEphemeral = draft.kind === "value" && draft.retention === null;
    const removal = { data: Buffer.from("null"), form: "json", removed: true } as const;
    const body = draft.kind === "remove" ? { ...removal, key: draft.key } : draft.body;
    const publication = this.append(channel, body, isEphemeral);
    const position = { epoch: this.top(channel).epoch, offset: publication.offset };
    const ack: Ack = { position, publication, duplicate: false, durability: "volatile" };
    if (this.holdsAcks) await new Promise<void>((answer) => this.heldAcks.push({ answer }));
    return ack;
  }

  async read(channel: string, start: PageStart, limit: PageLimit): Promise<Page> {
    this.reads += 1;
    this.#mayFail();
    const page = this.#page(channel, start, limit);
    if (this.holdsReads) await new Promise<void>((answer) => this.heldReads.push({ answer }));
    return page;
  }

  async tops(channels: readonly string[]): Promise<readonly Position[]> {
    this.topReads += 1;
    this.#mayFail();
    const tops = channels.map((channel) => this.top(channel));
    if (this.holdsReads) await new Promise<void>((answer) => this.heldReads.push({ answer }));
    return tops;
  }

  async follow(channel: string): Promise<Position> {
    this.#mayFail();
    this.followed.add(channel);
    return this.top(channel);
  }

  unfollow(channel: string): void {
    this.followed.delete(channel);
  }

  top(channel: string): Position {
    const { epoch, offset } = this.#log(channel);
    return { epoch, offset };
  }

  kept(channel: string): readonly Publication[] {
    return this.#log(channel).kept;
  }

  /** Appends, and announces to whoever follows. */
  append(channel: string, body: Body & { readonly removed?: true }, isEphemeral = false): Publication {
    const log = this.#log(channel);
    this.#count += 1;
    const publication: Publication = {
      ...body,
      id: `id-${this.#count}`,
      offset: isEphemeral ? 0 : log.offset + 1,
      previous: isEphemeral || log.offset === 0 ? null : { offset: log.offset, id: log.lastId },
      atMs: defaultWallMs + this.#count,
    };
    if (!isEphemeral) {
      log.offset += 1;
      log.lastId = publication.id;
      if (body.key !== undefined) log.kept = log.kept.filter(({ key }) => key !== body.key);
      log.kept.push(publication);
    }
    const announcement = { channel, epoch: log.epoch, publication };
    if (this.isDirected) this.pending.push(announcement);
    else this.announce(announcement);
    return publication;
  }

  announce({ channel, epoch, publication }: Announcement): void {
    if (this.followed.has(channel)) this.#sink?.announced(channel, epoch, publication);
  }

  /** Keeps the newest `size` of a channel. */
  trim(channel: string, size: number): void {
    const log = this.#log(channel);
    log.kept = size === 0 ? [] : log.kept.slice(-size);
  }

  /** Forgets the oldest `count` removals of a table. */
  forgetRemovals(channel: string, count: number): void {
    const log = this.#log(channel);
    const gone = log.kept.filter(({ removed }) => removed === true).slice(0, count);
    log.kept = log.kept.filter((publication) => !gone.includes(publication));
    log.floor = gone.at(-1)?.offset ?? log.floor;
  }

  /** The log is lost: another epoch begins. Nobody is told. */
  clear(channel: string): void {
    this.#count += 1;
    this.#logs.set(channel, { epoch: `epoch-${this.#count}`, offset: 0, lastId: null, kept: [], floor: 0 });
  }

  /** The newest `count` publications never were; their offsets are used again under the same epoch. */
  rollBack(channel: string, count: number): void {
    const log = this.#log(channel);
    log.kept = log.kept.slice(0, Math.max(0, log.kept.length - count));
    log.offset = Math.max(0, log.offset - count);
    log.lastId = log.kept.at(-1)?.id ?? null;
  }

  #log(channel: string): Log {
    let log = this.#logs.get(channel);
    if (log === undefined) {
      log = { epoch: `first-${channel}`, offset: 0, lastId: null, kept: [], floor: 0 };
      this.#logs.set(channel, log);
    }
    return log;
  }

  #mayFail(): void {
    if (this.failures === 0) return;
    this.failures -= 1;
    fail("engine_unavailable", "the test says so");
  }

  #page(channel: string, start: PageStart, limit: PageLimit): Page {
    const { epoch, offset, kept, floor: tableFloor } = this.#log(channel);
    const top = { epoch, offset };
    const [oldest] = kept;
    const isTable = oldest?.key !== undefined || tableFloor > 0;
    const floor = isTable ? tableFloor : oldest === undefined ? offset : (oldest.previous?.offset ?? 0);
    const from = typeof start === "string" ? null : "after" in start ? start.after : start.before;
    if (from !== null && from.epoch !== epoch) return { publications: [], top, floor, more: false };
    const found = kept.filter((publication) => isWithin(publication.offset, start));
    const isBackward = start === "newest" || (typeof start === "object" && "before" in start);
    const { publications, more } = cut(isBackward ? found.toReversed() : found, limit);
    return { publications: isBackward ? publications.reverse() : publications, top, floor, more };
  }
}

function isWithin(offset: number, start: PageStart): boolean {
  if (typeof start === "string") return true;
  return "after" in start ? offset > start.after.offset : offset < start.before.offset;
}

function cut(found: readonly Publication[], limit: PageLimit): { publications: Publication[]; more: boolean } {
  const publications: Publication[] = [];
  let bytes = 0;
  for (const publication of found) {
    bytes += publication.data.length;
    const isFull = publications.length >= limit.publications || (publications.length > 0 && bytes > limit.bytes);
    if (isFull) return { publications, more: true };
    publications.push(publication);
  }
  return { publications, more: false };
}
