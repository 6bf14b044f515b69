// The Redis engine between start and stop: what it asks the scripts, and what becomes of the answers.
import { fail, type Position, TidewireError } from "@tidewire/protocol";
import type { Ack, Body, Draft, Durability, EngineSink, Page, PageLimit, PageStart } from "../../engine/engine.ts";
import { checkPageLimit, checkRetention } from "../../engine/ring.ts";
import type { Cancel, Clock } from "../../ports/clock.ts";
import { type Log, reasonOf } from "../../ports/log.ts";
import type { Random } from "../../ports/random.ts";
import { checkKey, digestOf, nothing, ownBytes } from "../payload.ts";
import { ackIn, errorOf, pageIn, type Published, topsIn } from "./answers.ts";
import { Asking } from "./asking.ts";
import { Complaints } from "../complaints.ts";
import { type Keys, laneOf } from "./keys.ts";
import { Lanes } from "./lanes.ts";
import { Line } from "./line.ts";
import type { Link } from "./link.ts";
import type { Answering } from "../questions/questions.ts";
import { headOf, type Stamp } from "../records.ts";
import type { RedisArgument } from "./redis-client.ts";
import type { Servers } from "./servers.ts";
import { SharedMembers } from "./shared-members.ts";
import { Upkeep } from "./upkeep.ts";

export interface RunningOptions {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly isDurable: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly sink: EngineSink;
  readonly answering: Answering | null;
}

type RemoveDraft = Extract<Draft, { kind: "remove" }>;
type ValueDraft = Extract<Draft, { kind: "value" }>;

const turnMs = 1_000;
/** Of one lane in one call, so that Redis is free for others in between. */
const mostTops = 500;
const noLimits = { keys: 0, bytes: 0 };

export class Running {
  readonly #options: RunningOptions;
  readonly #line: Line;
  readonly #lanes: Lanes;
  readonly #upkeep: Upkeep;
  readonly #complaints: Complaints;
  readonly members: SharedMembers;
  readonly questions: Asking;
  readonly #node: string;
  #cancelTurn: Cancel = () => undefined;

  constructor(options: RunningOptions) {
    this.#node = options.random.token(96);
    const { keys, sink, log, clock } = options;
    this.#options = options;
    this.#complaints = new Complaints(log, clock);
    this.#lanes = new Lanes({
      keys,
      sink,
      beacon: (link, lane) => link.run(keys.ofLane(lane), this.#asking("beacon")),
      member: (channel, news, number) => this.members.heard(channel, { news, number }),
      missed: (channels) => this.members.suspect(channels),
      damaged: (lane) => this.#complaints.add("Redis announced what nobody can have published", { lane }),
    });
    this.members = new SharedMembers({
      keys,
      random: options.random,
      asking: (operation) => this.#asking(operation),
      link: () => this.#line.link,
      ask: (ask) => this.#ask(ask),
      damaged: (channel) => this.#complaints.add("Redis holds members that no node has named", { channel }),
    });
    this.questions = new Asking({
      keys,
      clock,
      answering: options.answering,
      asking: (operation) => this.#asking(operation),
      ask: (ask) => this.#ask(ask),
      complain: (message, fields) => this.#complaints.add(message, fields),
    });
    this.#line = new Line({
      ...options,
      prepare: async (link) => {
        await this.members.begin(link);
        await this.#lanes.reopen(link);
        await this.questions.begin(link);
      },
      down: () => {
        this.#lanes.lost();
        this.questions.lost();
        sink.health("down");
      },
      up: () => {
        sink.health("up");
        sink.suspect("all");
      },
    });
    this.#upkeep = new Upkeep({
      ofLane: (lane) => keys.ofLane(lane),
      ofAll: (channel) => keys.ofAll(channel),
      asking: (operation) => this.#asking(operation),
      refresh: () => this.#line.refresh(),
    });
  }

  get durability(): Durability {
    return this.#line.facts?.durability ?? "volatile";
  }

  async open(): Promise<void> {
    await this.#line.open();
    const { link } = this.#line;
    if (link !== null) await Promise.all([this.members.begin(link), this.questions.begin(link)]);
    this.#turnLater();
  }

  /** Finishes what was accepted. */
  async close(): Promise<void> {
    this.#cancelTurn();
    const { link } = this.#line;
    if (link !== null) for (const each of [this.members, this.questions]) each.end(link);
    await this.#line.close();
    this.#lanes.lost();
    this.questions.lost();
  }

  async publish(channel: string, draft: Draft): Promise<Ack> {
    if (draft.kind === "clear") return await this.#clear(channel);
    if (draft.kind === "remove") return await this.#remove(channel, draft);
    checkKey(draft);
    if (draft.retention !== null) checkRetention(draft.retention);
    return await this.#value(channel, draft);
  }

  async read(channel: string, start: PageStart, limit: PageLimit): Promise<Page> {
    checkPageLimit(limit);
    const from = typeof start === "string" ? null : "after" in start ? start.after : start.before;
    const name = typeof start === "string" ? start : "after" in start ? "after" : "before";
    const keys = [...this.#options.keys.ofLane(laneOf(channel)), ...this.#options.keys.ofAll(channel)];
    const place = [name, from?.epoch ?? "", `${from?.offset ?? 0}`];
    const args = [...this.#asking("read"), channel, ...place, `${limit.publications}`, `${limit.bytes}`];
    const reply = await this.#ask((link) => link.run(keys, args));
    const { damagedAt, ...page } = pageIn(reply, start);
    if (damagedAt === null) return page;
    this.#complaints.add("Redis holds what nobody can have published; history ends there", { channel });
    // All of the page was before the damage: what follows it can be read.
    if (page.publications.length > 0 || !page.more) return page;
    return await this.read(channel, { after: { epoch: page.top.epoch, offset: damagedAt } }, limit);
  }

  async tops(channels: readonly string[]): Promise<readonly Position[]> {
    const byLane = Map.groupBy(new Set(channels), laneOf);
    const known = new Map<string, Position>();
    await Promise.all([...byLane].map(([lane, names]) => this.#topsOf(lane, names, known)));
    return channels.map((channel) => known.get(channel) ?? fail("internal", "a top was expected"));
  }

  async follow(channel: string): Promise<Position> {
    const wasFollowed = this.#lanes.isFollowed(channel);
    try {
      await this.#ask((link) => this.#lanes.follow(channel, link));
      const [top] = await this.tops([channel]);
      return top ?? fail("internal", "a top was expected");
    } catch (thrown) {
      if (!wasFollowed) this.unfollow(channel);
      throw thrown;
    }
  }

  unfollow(channel: string): void {
    this.#lanes.unfollow(channel);
  }

  #value(channel: string, { body: given, retention, idempotencyKey, fence }: ValueDraft): Promise<Ack> {
    const body = { ...given, data: ownBytes(given.data) };
    const kind = retention === null ? "pass" : retention.kind === "table" ? "set" : "append";
    const isTable = retention?.kind === "table";
    const limits = isTable ? { keys: retention.keys, bytes: retention.bytes } : noLimits;
    const size = retention === null ? 0 : isTable ? retention.keys : retention.size;
    return this.#publish(
      { channel, kind, body, form: body.form, idempotencyKey: idempotencyKey ?? null, fence: fence ?? null },
      { size, ttlMs: retention?.ttlMs ?? 0, limits },
    );
  }

  #remove(channel: string, { key, author, retention }: RemoveDraft): Promise<Ack> {
    checkRetention(retention);
    const body = { data: nothing, form: "json", key, removed: true, ...(author && { author }) } as const;
    const { keys, bytes, ttlMs } = retention;
    return this.#publish(
      { channel, kind: "remove", body, form: "removal", idempotencyKey: null, fence: null },
      { size: keys, ttlMs, limits: { keys, bytes } },
    );
  }

  async #publish(
    said: {
      readonly channel: string;
      readonly kind: "append" | "set" | "pass" | "remove";
      readonly body: Published["body"];
      readonly form: Body["form"] | "removal";
      readonly idempotencyKey: string | null;
      readonly fence: number | null;
    },
    kept: { readonly size: number; readonly ttlMs: number; readonly limits: Published["limits"] },
  ): Promise<Ack> {
    const { channel, kind, body, form, idempotencyKey, fence } = said;
    const { random, clock, keys } = this.#options;
    const stamp: Stamp = { id: random.token(96), atMs: Math.max(0, Math.floor(clock.wall())) };
    const named = [...keys.ofLane(laneOf(channel)), ...keys.ofAll(channel)];
    named.push(idempotencyKey === null ? keys.ofChannel(channel) : keys.ofIdempotency(channel, idempotencyKey));
    named.push(keys.ofSource(channel));
    const { buffer, byteOffset, byteLength } = kind === "remove" ? new Uint8Array(0) : body.data;
    const args: RedisArgument[] = [...this.#asking(kind), channel, stamp.id, `${stamp.atMs}`];
    args.push(headOf({ ...body, form }, stamp), Buffer.from(buffer, byteOffset, byteLength));
    args.push(idempotencyKey === null ? "" : digestIn(body), `${kept.size}`, `${kept.ttlMs}`, body.key ?? "");
    args.push(`${kept.limits.bytes}`, fence === null ? "" : `${fence}`);
    const durability = kind === "pass" ? "volatile" : this.durability;
    return ackIn(await this.#write(named, args), { body, stamp, durability, limits: kept.limits });
  }

  /** @see EngineSources */
  async take(channel: string, ttlMs: number): Promise<number | null> {
    const fence = Number(String(await this.#source(channel, ["take", `${ttlMs}`])));
    return Number.isSafeInteger(fence) && fence > 0 ? fence : null;
  }

  release(channel: string): void {
    this.#source(channel, ["release"]).catch(() => {
      // Then it ends by itself.
    });
  }

  async #source(channel: string, [operation, ...args]: readonly [string, ...string[]]): Promise<unknown> {
    const { keys } = this.#options;
    const named = [...keys.ofLane(laneOf(channel)), keys.ofSource(channel)];
    return await this.#ask((link) => link.run(named, [...this.#asking(operation), this.#node, ...args]));
  }

  async #clear(channel: string): Promise<Ack> {
    const { keys } = this.#options;
    const named = [...keys.ofLane(laneOf(channel)), ...keys.ofAll(channel)];
    const reply = await this.#write(named, [...this.#asking("clear"), channel]);
    const published = { body: { data: nothing, form: "json" }, stamp: { id: "", atMs: 0 } } as const;
    return ackIn(reply, { ...published, durability: this.durability, limits: noLimits });
  }

  async #topsOf(lane: number, names: readonly string[], known: Map<string, Position>): Promise<void> {
    const { keys } = this.#options;
    for (let from = 0; from < names.length; from += mostTops) {
      const some = names.slice(from, from + mostTops);
      const named = [...keys.ofLane(lane), ...some.map((name) => keys.ofChannel(name))];
      const reply = await this.#ask((link) => link.run(named, this.#asking("tops")));
      topsIn(reply, some.length).forEach((top, index) => known.set(some[index] ?? "", top));
    }
  }

  /** What every operation is told: a name that nobody has used, and whether it is another epoch after a restart. */
  #asking(operation: string): string[] {
    return [operation, this.#options.random.token(96), this.#options.isDurable ? "0" : "1"];
  }

  #write(keys: readonly string[], args: readonly RedisArgument[]): Promise<unknown> {
    return this.#answered((link) => link.run(keys, args), true);
  }

  #ask<Reply>(ask: (link: Link) => Promise<Reply>): Promise<Reply> {
    return this.#answered(ask, false);
  }

  /** @throws {TidewireError} `engine_unavailable`; where it was a write and may be done, `indeterminate`. */
  async #answered<Reply>(ask: (link: Link) => Promise<Reply>, isWrite: boolean): Promise<Reply> {
    const link = this.#line.link ?? fail("engine_unavailable", "Redis cannot be reached at present");
    try {
      return await ask(link);
    } catch (thrown) {
      if (thrown instanceof TidewireError) throw thrown;
      if (link.isOver) {
        throw new TidewireError(isWrite ? "indeterminate" : "engine_unavailable", "the connection to Redis ended");
      }
      const reason = reasonOf(thrown);
      this.#complaints.add("Redis refused a command", { reason });
      // Another one has become the primary, or somebody took the password away: the link is of no use.
      if (/^-?(READONLY|NOAUTH|MASTERDOWN|CLUSTERDOWN)\b/.test(reason)) link.fail(reason);
      throw thrown instanceof Error ? errorOf(thrown, isWrite) : new TidewireError("internal");
    }
  }

  #turnLater(): void {
    this.#cancelTurn = this.#options.clock.after(turnMs, () => {
      const { link } = this.#line;
      if (link !== null) {
        this.#line.turn(link);
        this.#lanes.turn(link);
        this.members.turn(link);
        this.questions.turn(link);
        this.#upkeep.turn(link);
      }
      this.#turnLater();
    });
  }
}

/** A digest without spaces, which stand between the parts of what is remembered. */
function digestIn(body: Body): string {
  return digestOf(body).replaceAll(/[\s%]/g, (sign) => encodeURIComponent(sign));
}
