// The NATS engine between start and stop: what it writes, and what it makes of what it reads (decision 0036).
import { fail, type Position, TidewireError } from "@tidewire/protocol";
import type { Ack, Draft, Durability, EngineSink, Page, PageLimit, PageStart } from "../../engine/engine.ts";
import { checkPageLimit } from "../../engine/ring.ts";
import type { Cancel, Clock } from "../../ports/clock.ts";
import { type Log, reasonOf } from "../../ports/log.ts";
import type { Random } from "../../ports/random.ts";
import { Complaints } from "../complaints.ts";
import type { Answering } from "../questions/questions.ts";
import { Bus } from "./bus.ts";
import { Deletions } from "./deletions.ts";
import { FirstAcks } from "./first-acks.ts";
import { Followed } from "./followed.ts";
import { Gate } from "./gate.ts";
import { Leases } from "./leases.ts";
import { Line, type Reached } from "./line.ts";
import type { Head } from "./log-records.ts";
import { Logs } from "./logs.ts";
import type { NatsClient } from "./nats-client.ts";
import { pageOf, type Place } from "./pages.ts";
import { isNotFound, type StreamsOptions } from "./streams.ts";
import { Sweep } from "./sweep.ts";
import { TablePages } from "./table-pages.ts";
import { TableReading } from "./table-reading.ts";
import { changeIn, Tables } from "./tables.ts";

export interface RunningOptions extends StreamsOptions {
  readonly connect: () => Promise<NatsClient>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly sink: EngineSink;
  readonly answering: Answering | null;
}

const turnMs = 1_000;
/** Of followed channels in one turn. */
const mostProbes = 200;
/** Publishes that may wait at once, in all channels together. */
const mostWaiting = 50_000;
/** Of tables and for what is deleted, all channels together: NATS drops all questions when ten thousand wait. */
const mostAsked = 128;
/** Whoever waited longer in line is refused: nobody waits for the answer much longer, and it would be asked again. */
const longestWaitMs = 5_000;
/** A leader that was stopped, and goes on, hears of its successor within a second or so; until then it answers from what it had. */
const staleMs = 3_000;
const askAgainMs = 100;

export class Running {
  readonly #options: RunningOptions;
  readonly #line: Line;
  readonly #followed: Followed;
  readonly #complaints: Complaints;
  readonly #logs: Logs;
  readonly #reading: TableReading;
  readonly #tables: Tables;
  readonly #pages: TablePages;
  readonly #sweep: Sweep;
  readonly #leases: Leases;
  readonly bus: Bus;
  /** What is written to a channel is written in the order it was said (P1); each waits for the one before it. */
  readonly #writing = new Map<string, Promise<unknown>>();
  #waiting = 0;
  #cancelTurn: Cancel = () => undefined;
  #isClosing = false;
  #life = "";
  #lastSequence = -1;
  #toProbe: string[] = [];

  constructor(options: RunningOptions) {
    const { names, sink, log, clock } = options;
    this.#options = options;
    this.#complaints = new Complaints(log, clock);
    const firstAcks = new FirstAcks(options);
    this.#logs = new Logs({
      ...options,
      firstAcks,
      damaged: (channel) =>
        this.#complaints.add("NATS holds what nobody can have published; history ends there", { channel }),
    });
    const tables = tablesOf(options, { logs: this.#logs, firstAcks, complaints: this.#complaints });
    [this.#reading, this.#tables, this.#pages] = [tables.reading, tables.tables, tables.pages];
    this.#sweep = new Sweep(options);
    this.#followed = new Followed({
      names,
      sink,
      epochOf: (token) => {
        const { reached } = this.#line;
        return reached === null ? null : this.#logs.epochOf(reached, token);
      },
      damaged: (channel) => this.#complaints.add("NATS announced what nobody can have published", { channel }),
    });
    this.bus = new Bus({
      ...options,
      ask: (ask) => this.#ask(ask),
      complain: (message, fields) => this.#complaints.add(message, fields),
    });
    this.#leases = new Leases({ ...options, logs: this.#logs, node: this.bus.node });
    this.#line = new Line({
      ...options,
      connected: (client) => {
        this.bus.subscribe(client);
        this.#followed.subscribeAll(client);
      },
      down: () => {
        this.bus.lost();
        this.#logs.forget();
        this.#reading.forget();
        this.#followed.forget();
        sink.health("down");
      },
      up: () => {
        this.bus.begin().catch(() => undefined);
        sink.health("up");
        sink.suspect("all");
      },
    });
  }

  get durability(): Durability {
    return this.#line.facts?.durability ?? "volatile";
  }

  async open(): Promise<void> {
    await this.#line.open();
    await this.bus.begin();
    this.#turnLater();
  }

  /** Finishes what was accepted. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#cancelTurn();
    await Promise.allSettled(this.#writing.values());
    this.#followed.clear();
    await this.bus.end();
    await this.#line.close();
  }

  async publish(channel: string, draft: Draft): Promise<Ack> {
    if (draft.kind === "clear") return await this.#inTurn(channel, (reached) => this.#logs.clear(reached, channel));
    if (draft.kind === "remove" || draft.retention?.kind === "table") {
      const change = changeIn(draft, this.#options.forgetAfterMs);
      return await this.#publish(channel, change, (reached) => this.#tables.publish(reached, channel, change));
    }
    const checked = this.#logs.checked(draft);
    return await this.#publish(channel, checked, (reached) => this.#logs.publish(reached, channel, checked));
  }

  #publish(
    channel: string,
    { fence }: { readonly fence: number | null },
    write: (reached: Reached) => Promise<Ack>,
  ): Promise<Ack> {
    return this.#inTurn(channel, (reached) => {
      if (fence !== null && !this.#leases.isHeld(channel, fence)) fail("conflict", "the lease of this source is over");
      return write(reached);
    });
  }

  /** @see EngineSources */
  async take(channel: string, ttlMs: number): Promise<number | null> {
    return await this.#inTurn(channel, (reached) => this.#leases.take(reached, channel, ttlMs));
  }

  /** Where that fails the lease ends by itself. */
  async release(channel: string): Promise<void> {
    await this.#inTurn(channel, (reached) => this.#leases.release(reached, channel));
  }

  async read(channel: string, start: PageStart, limit: PageLimit): Promise<Page> {
    checkPageLimit(limit);
    return await this.#ask(async (reached) => {
      const head = await this.#head(reached, channel);
      if (head.table !== null) return await this.#pages.read(reached, channel, { head, start, limit });
      const top = this.#logs.positionOf(reached, head);
      const shelf = this.#logs.shelf(reached, channel, head);
      const from = typeof start === "string" ? null : "after" in start ? start.after : start.before;
      const isOver = from !== null && from.epoch !== top.epoch;
      const place = isOver ? { after: head.offset } : placeOf(start);
      const { isDamaged, ...page } = await pageOf(shelf, place, limit);
      if (isDamaged) {
        this.#complaints.add("NATS holds what nobody can have published; history ends there", { channel });
      }
      return { ...page, top };
    });
  }

  async tops(channels: readonly string[]): Promise<readonly Position[]> {
    const names = [...new Set(channels)];
    const tops = await Promise.all(names.map((channel) => this.#top(channel)));
    const known = new Map(names.map((name, index) => [name, tops[index]]));
    return channels.map((channel) => known.get(channel) ?? fail("internal", "a top was expected"));
  }

  async follow(channel: string): Promise<Position> {
    const wasFollowed = this.#followed.has(channel);
    try {
      await this.#ask(async ({ client }) => {
        this.#followed.add(channel, client);
        await client.connection.flush();
      });
      return await this.#top(channel);
    } catch (thrown) {
      if (!wasFollowed) this.unfollow(channel);
      throw thrown;
    }
  }

  unfollow(channel: string): void {
    this.#followed.delete(channel);
  }

  async #top(channel: string): Promise<Position> {
    return await this.#ask(async (reached) => {
      let head = await this.#head(reached, channel);
      // An epoch that began while the top was read was not told to anybody.
      while (this.#followed.stands(channel, head)) head = await this.#head(reached, channel);
      return this.#logs.positionOf(reached, head);
    });
  }

  /** Where the log stands. What is older than what was known before it was asked is asked for again, until it stays so. */
  async #head(reached: Reached, channel: string): Promise<Head> {
    const { clock } = this.#options;
    if (reached.facts.life !== this.#life) this.#followed.forgetKnown();
    this.#life = reached.facts.life;
    const known = this.#followed.known(channel);
    const lateMs = clock.now() + staleMs;
    for (;;) {
      const head = await this.#logs.head(reached, channel);
      if (head.sequence >= known) return head;
      if (clock.now() > lateMs) {
        // The log has gone on meanwhile: whoever answers has not.
        if (this.#followed.known(channel) > known) fail("engine_unavailable", "NATS answers from an older log");
        this.#followed.believe(channel, head);
        return head;
      }
      await new Promise<void>((resolve) => void clock.after(askAgainMs, resolve));
    }
  }

  #inTurn<Reply>(channel: string, write: (reached: Reached) => Promise<Reply>): Promise<Reply> {
    if (this.#isClosing) fail("engine_unavailable", "the NATS engine is not started");
    if (this.#waiting >= mostWaiting) fail("overloaded", "too much waits for NATS already");
    this.#waiting += 1;
    const { clock } = this.#options;
    const lateMs = clock.now() + longestWaitMs;
    const before = this.#writing.get(channel) ?? Promise.resolve();
    const written = before.then(() => {
      if (clock.now() > lateMs) fail("overloaded", "too much waits for NATS already");
      return this.#answered(write, "indeterminate");
    });
    const settled = written
      .catch(() => {
        this.#logs.forgetHead(channel);
        this.#reading.doubt(channel);
      })
      .finally(() => {
        this.#waiting -= 1;
        if (this.#writing.get(channel) === settled) this.#writing.delete(channel);
      });
    this.#writing.set(channel, settled);
    return written;
  }

  async #ask<Reply>(ask: (reached: Reached) => Promise<Reply>): Promise<Reply> {
    if (this.#isClosing) fail("engine_unavailable", "the NATS engine is not started");
    return await this.#answered(ask, "engine_unavailable");
  }

  /** @param unknown What is thrown when there was no answer. */
  async #answered<Reply>(
    ask: (reached: Reached) => Promise<Reply>,
    unknown: "indeterminate" | "engine_unavailable",
  ): Promise<Reply> {
    const reached = this.#line.reached ?? fail("engine_unavailable", "NATS cannot be reached at present");
    try {
      const reply = await ask(reached);
      if (this.#line.reached?.facts !== reached.facts) {
        // It may have been said by a store that has ended since: under its epochs nothing is acked any more (S8).
        throw new TidewireError(unknown, "the connection to NATS ended");
      }
      return reply;
    } catch (thrown) {
      if (thrown instanceof TidewireError) throw thrown;
      const reason = reasonOf(thrown);
      this.#complaints.add("NATS did not do what it was asked", { reason });
      const name = thrown instanceof Error ? thrown.name : "";
      const isGone = isNotFound(thrown) || name === "JetStreamNotEnabled" || name === "NoResponders";
      // What does not answer has to show that it is there, also where its socket is open.
      if (isGone || name === "TimeoutError") this.#line.doubt(reason);
      const isRefused = isGone || name === "JetStreamApiError";
      throw new TidewireError(isRefused ? "engine_unavailable" : unknown, "NATS could not do it");
    }
  }

  #turnLater(): void {
    this.#cancelTurn = this.#options.clock.after(turnMs, () => {
      this.#line.revive();
      this.#probe()
        .catch(() => {
          // Whatever it was, it was complained of.
        })
        .finally(() => {
          if (!this.#isClosing) this.#turnLater();
        });
    });
  }

  /** Announcements may be lost on the way between servers: now and then each followed log is looked at. */
  async #probe(): Promise<void> {
    if (this.#line.reached === null) return;
    await this.#ask(async (reached) => {
      const {
        client: { manager },
        facts,
      } = reached;
      const { names } = this.#options;
      const { created, state } = await manager.streams.info(names.logs);
      if (created !== facts.created || state.last_seq < this.#lastSequence)
        return this.#line.doubt("the stream is another one");
      // Twice, since what was not heard at first may still be on its way.
      if (state.last_seq !== this.#lastSequence)
        this.#toProbe = [...this.#followed.channels, ...this.#followed.channels];
      this.#lastSequence = state.last_seq;
      const missing: string[] = [];
      for (const channel of this.#toProbe.splice(0, mostProbes)) {
        const newest = await manager.streams.getMessage(names.logs, { last_by_subj: names.ofLog(channel) });
        if (this.#followed.isMissing(channel, newest?.seq ?? 0)) missing.push(channel);
      }
      if (missing.length > 0) this.#options.sink.suspect(missing);
      if (facts.whyNoTables === null) await this.#sweep.turn(reached);
    });
  }
}

function placeOf(start: PageStart): Place {
  if (start === "oldest") return { after: 0 };
  if (start === "newest") return { before: Number.MAX_SAFE_INTEGER };
  return "after" in start ? { after: start.after.offset } : { before: start.before.offset };
}

interface TablesOf {
  readonly logs: Logs;
  readonly firstAcks: FirstAcks;
  readonly complaints: Complaints;
}

function tablesOf(options: RunningOptions, { logs, firstAcks, complaints }: TablesOf) {
  const gate = new Gate(mostAsked);
  const reading: TableReading = new TableReading({
    ...options,
    logs,
    gate,
    damaged: (channel) =>
      complaints.add("NATS holds a table that lacks something, or what nobody can have published", { channel }),
    letGo: (reached, channel, sequences) => deletions.add(reached, channel, sequences),
  });
  const stream = options.names.logs;
  const deletions = new Deletions({ ...options, stream, gate, failed: (channel) => reading.drop(channel) });
  const parts = { ...options, logs, reading, gate };
  return { reading, tables: new Tables({ ...parts, firstAcks, deletions }), pages: new TablePages(parts) };
}
