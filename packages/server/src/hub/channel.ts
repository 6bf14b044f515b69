// A channel on this node while somebody listens: its tail, and the cursors that an append wakes.
//
//   opening ─► live ⇄ filling ─► closed
// Announcements wait while it opens or fills, per channel and not per subscriber.
import { type ChannelDefinition, type ChannelMode, fail, type Position } from "@tidewire/protocol";
import type { Engine, Page, Publication } from "../engine/engine.ts";
import type { Facts } from "../lifecycle/facts.ts";
import type { Clock } from "../ports/clock.ts";
import { type Log, reasonOf } from "../ports/log.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { CatchUp } from "./catch-up.ts";
import { Contiguity } from "./contiguity.ts";
import type { Cursor } from "./cursor.ts";
import type { CursorHome } from "./cursor.ts";
import type { ChannelRef } from "./encoder.ts";
import { LiveCursors } from "./live-cursors.ts";
import { Members } from "./members.ts";
import type { TailMemory } from "./memory.ts";
import type { ChannelLog } from "./channel-log.ts";
import { tableRetention } from "./retention.ts";
import { Table } from "./table.ts";
import { readTable, type TablePage, takeTable } from "./table-reading.ts";
import { Tail } from "./tail.ts";
import type { Due, Wheel } from "./wheel.ts";

/** What a name means: its definition and the parameters in it. */
export interface Known {
  readonly definition: ChannelDefinition;
  readonly params: Readonly<Record<string, string>>;
}

/** What every channel of a node shares. */
export interface ChannelNode {
  readonly engine: Engine;
  readonly catchUp: CatchUp;
  readonly clock: Clock;
  readonly wheel: Wheel;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tailBytes: number;
  readonly memory: TailMemory;
  readonly membersShown: number;
  readonly facts: Facts | null;
  /** Numbers channels; none is given twice. */
  nextNumber(): number;
  /** Called when the last subscriber left, or the first came. */
  occupancy(channel: Channel): void;
}

export type ChannelState = "opening" | "live" | "filling" | "closed";

/** How much of history the tail holds from the start, so that a crowd that comes back does not read it one by one. */
const openingBytes = 262_144;
/** Above this many subscribers a channel's readers wait for those of smaller ones. */
const crowd = 64;
/** How long to wait before an engine is asked again that could not answer. */
const fillRetryMs = 200;

export class Channel implements CursorHome, ChannelRef {
  readonly name: string;
  readonly json: string;
  readonly number: number;
  readonly known: Known;
  readonly members: Members;
  readonly keepsHistory: boolean;
  readonly mode: ChannelMode;
  readonly hasWholes = false;
  readonly wheel: Wheel;
  readonly clock: Clock;
  /** Resolves when it is live; rejects when the engine could not open it. */
  readonly opened: Promise<void>;
  readonly #node: ChannelNode;
  readonly #contiguity: Contiguity;
  #tail: ChannelLog;
  /** The same as `#tail`, where the channel is `latest`. */
  readonly #table: Table | null;
  #state: ChannelState = "opening";
  /** When it closes; the hub's. `null` while somebody listens. */
  closing: Due | null = null;
  readonly #live = new LiveCursors();
  #subscribers = 0;
  #sweptHead = 0;
  #countedBytes = 0;
  /** The engine is being asked where its log ends. */
  #asking: Promise<Position> | null = null;
  /** Something is known to be missing, or wrong: history must be read once more, from now. */
  #isSuspect = false;

  constructor(name: string, known: Known, node: ChannelNode) {
    this.name = name;
    this.json = JSON.stringify(name);
    this.number = node.nextNumber();
    this.known = known;
    this.keepsHistory = known.definition.history !== null;
    this.mode = known.definition.mode;
    this.wheel = node.wheel;
    this.clock = node.clock;
    const { membersShown: shown, wheel, clock, metrics, engine, facts } = node;
    this.members = new Members(this, { shown, wheel, clock, metrics, others: engine.members ?? null, facts });
    this.#node = node;
    this.#contiguity = new Contiguity(nowhere);
    const isTable = this.mode === "latest";
    this.#table = isTable ? new Table(this, tableRetention(known.definition), node.clock) : null;
    this.#tail = this.#table ?? new Tail(this, nowhere, node.tailBytes);
    this.opened = this.#open();
  }

  get state(): ChannelState {
    return this.#state;
  }

  get tail(): ChannelLog {
    return this.#tail;
  }

  /** What this node has read the engine's log to. */
  get position(): Position {
    return this.#contiguity.position;
  }

  get subscribers(): number {
    return this.#subscribers;
  }

  get isUrgent(): boolean {
    return this.#subscribers <= crowd;
  }

  /** Somebody subscribes; said before the channel is live, so that it stays. */
  enter(): void {
    this.#subscribers += 1;
    if (this.#subscribers === 1) this.#node.occupancy(this);
  }

  /** Somebody left, or the subscription came to nothing. */
  leave(): void {
    this.#subscribers -= 1;
    if (this.#subscribers === 0) this.#node.occupancy(this);
  }

  left(cursor: Cursor): void {
    this.#tail.leave(cursor.view);
    if (cursor.whole !== null) this.#tail.leave(cursor.whole);
    this.leave();
  }

  settle(cursor: Cursor): void {
    this.#live.add(cursor);
  }

  unsettle(cursor: Cursor): void {
    this.#live.remove(cursor);
  }

  delivered(count: number): void {
    this.#node.metrics.delivered += count;
  }

  fetch(cursor: Cursor): void {
    this.#node.catchUp.fetch(cursor);
  }

  fetched(cursor: Cursor): void {
    this.#node.catchUp.fetched(cursor);
  }

  /** An announcement, or an ack, which is one too. */
  announced(epoch: string, publication: Publication): void {
    if (this.#state === "closed" || (this.#table !== null && publication.offset === 0)) return;
    if (this.#state === "opening") return this.#contiguity.wait(epoch, publication);
    const outcome = this.#contiguity.offer(epoch, publication);
    if (outcome === "drop") return;
    if (outcome === "append") {
      this.#append(publication);
      this.#appendWaiting();
    } else {
      if (outcome === "rollback") this.#rollBack();
      this.#startFilling();
    }
  }

  /**
   * Announcements may have been lost: reads on when the engine's top is another one.
   * @param asked Where this node stood when the top was asked for: what was appended since is above an honest top.
   */
  verify(asked: Position, top: Position): void {
    const { epoch, offset } = this.#contiguity.position;
    if (this.#state === "closed" || (top.epoch === epoch && top.offset === offset)) return;
    const isBehind = top.epoch !== epoch || top.offset > offset;
    if (epoch === asked.epoch && isBelow(top, asked)) this.#rollBack();
    // A read that is under way may be older than the news.
    this.#isSuspect ||= isBehind;
    if (this.#isSuspect) this.#startFilling();
  }

  /** The engine's top; whatever this node has not read of it is read. Those who ask at once share the answer. */
  checkTop(): Promise<Position> {
    this.#asking ??= this.#askTop().finally(() => (this.#asking = null));
    return this.#asking;
  }

  /** Gives memory back down to `bytes` when nothing came since the last sweep and nobody is behind. */
  sweep(bytes: number): void {
    const isQuiet = this.#tail.head === this.#sweptHead;
    this.#sweptHead = this.#tail.head;
    if (isQuiet && this.#live.size === this.#subscribers) this.#tail.shrink(bytes);
    this.members.shrink();
    this.#countMemory();
  }

  /** Memory is short: gives back what history can give again, whoever is behind. */
  squeeze(bytes: number): void {
    if (!this.keepsHistory) return;
    this.#tail.shrink(bytes);
    this.#countMemory();
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    if (this.known.definition.presence) this.members.unwatch();
    this.#node.memory.count(-this.#countedBytes);
    this.#node.engine.unfollow(this.name);
  }

  async #open(): Promise<void> {
    const top = await this.#node.engine.follow(this.name);
    // Who is at other nodes is known before anybody is told who is here.
    if (this.known.definition.presence) await this.members.watch();
    const { ticket } = this.#contiguity;
    if (this.#table === null) await this.#openTail(top);
    else await this.#openTable(this.#table);
    if (this.#isClosed()) return;
    this.#appendWaiting();
    const isMissing = this.keepsHistory && this.#contiguity.hasLostSince(ticket);
    if (isMissing || this.#isSuspect || this.#contiguity.waiting > 0) this.#startFilling();
  }

  async #openTail(top: Position): Promise<void> {
    const page = this.keepsHistory
      ? await this.#node.catchUp.readOn(this.name, "newest", { publications: 1_000, bytes: openingBytes })
      : null;
    if (this.#isClosed()) return;
    const start = page === null ? top : startOf(page);
    this.#tail = new Tail(this, start, this.#node.tailBytes);
    this.#contiguity.restart(start);
    this.#state = "live";
    for (const publication of page?.publications ?? []) {
      if (this.#contiguity.accept(publication) === "append") this.#tail.append(publication);
    }
  }

  async #openTable(table: Table): Promise<void> {
    const page = await this.#readTable(null);
    if (this.#isClosed()) return;
    this.#state = "live";
    this.#takeTable(table, page, nowhere);
  }

  async #askTop(): Promise<Position> {
    const asked = this.position;
    const [top] = await this.#node.engine.tops([this.name]);
    if (top === undefined) return fail("internal", "the engine did not say where the channel ends");
    this.verify(asked, top);
    return top;
  }

  /** Asked after an await, when it may have changed. */
  #isClosed(): boolean {
    return this.#state === "closed";
  }

  #readTable(from: Position | null): Promise<TablePage> {
    return readTable((start, limit) => this.#node.catchUp.read(this.name, start, limit), from);
  }

  #takeTable(table: Table, page: TablePage, asked: Position): void {
    if (page.isWhole) this.#node.metrics.add("channel_tables");
    const outcome = takeTable({ table, contiguity: this.#contiguity }, page, asked);
    if (outcome === "rollback") return this.#rollBack();
    this.#isSuspect ||= outcome === "overtaken";
    this.#countMemory();
    this.#live.wake();
  }

  #append(publication: Publication): void {
    this.#tail.append(publication);
    this.#countMemory();
    this.#live.wake();
  }

  #countMemory(): void {
    const bytes = this.#tail.bytes + this.members.bytes;
    this.#node.memory.count(bytes - this.#countedBytes);
    this.#countedBytes = bytes;
  }

  #appendWaiting(): void {
    for (let next = this.#contiguity.next(); next !== null; next = this.#contiguity.next()) {
      if (next === "rollback") this.#rollBack();
      else this.#append(next);
    }
  }

  #startFilling(): void {
    if (this.#state !== "live") return;
    this.#state = "filling";
    this.#fill().catch((thrown: unknown) => {
      this.#node.log.error("a channel could not read on", { channel: this.name, reason: reasonOf(thrown) });
      if (this.#state === "filling") this.#state = "live";
    });
  }

  /** Reads history after the tail until nothing is missing. */
  async #fill(): Promise<void> {
    this.#node.metrics.add("channel_fills");
    for (let isDone = false; !isDone;) {
      const { ticket, position } = this.#contiguity;
      this.#isSuspect = false;
      const page = await this.#nextPage();
      if (this.#state !== "filling") return;
      // What was found out while it was read is newer than the page.
      if (page === null || this.#contiguity.position.epoch !== position.epoch) continue;
      if (this.#table === null) this.#take(page, position);
      else this.#takeTable(this.#table, page, position);
      this.#appendWaiting();
      if (page.more) continue;
      // What waited before this read and still does not link is not in the log: a straggler of another epoch.
      this.#contiguity.forgetThrough(ticket);
      this.#appendWaiting();
      isDone = this.#contiguity.waiting === 0 && !this.#contiguity.hasLostSince(ticket) && !this.#isSuspect;
    }
    this.#state = "live";
  }

  /** `null` when the engine could not answer; asked again a little later. */
  async #nextPage(): Promise<TablePage | null> {
    const start = { after: this.#contiguity.position };
    try {
      if (this.#table !== null) return await this.#readTable(start.after);
      const page = await this.#node.catchUp.readOn(this.name, start, { publications: 300, bytes: openingBytes });
      return { ...page, isWhole: false };
    } catch (thrown) {
      this.#node.log.debug("history could not be read", { channel: this.name, reason: reasonOf(thrown) });
      await new Promise<void>((resolve) => void this.#node.clock.after(fillRetryMs, resolve));
      return null;
    }
  }

  #take(page: Page, asked: Position): void {
    const { top, floor } = page;
    const { epoch, offset } = this.#contiguity.position;
    if (top.epoch !== epoch || isBelow(top, asked)) return this.#breakAt(top);
    // History no longer reaches back to the tail: readers get a gap here and go on with what is left, if anything.
    if (floor > offset) this.#breakAt({ epoch, offset: floor });
    for (const publication of page.publications) {
      const outcome = this.#contiguity.accept(publication);
      if (outcome === "append") this.#append(publication);
      if (outcome === "rollback") return this.#breakAt(top);
      if (outcome === "hole") {
        this.#breakAt({ epoch, offset: publication.previous?.offset ?? 0 });
        if (this.#contiguity.accept(publication) === "append") this.#append(publication);
      }
    }
  }

  /**
   * The log says something else than was read before: nothing after this place continues what was (S8).
   * Where it goes on is the engine's to say: nothing durable is appended before that.
   */
  #rollBack(): void {
    this.#node.log.error("the engine's log went back; readers are told", { channel: this.name });
    this.#node.metrics.add("channel_rollbacks");
    this.#contiguity.restart(nowhere);
    this.#isSuspect = true;
  }

  #breakAt(position: Position): void {
    this.#node.metrics.add("channel_breaks");
    this.#tail.break(position);
    this.#contiguity.restart(position);
    this.#live.wake();
  }
}

const nowhere: Position = { epoch: "", offset: 0 };

/** Of one epoch, and before it. */
function isBelow(top: Position, position: Position): boolean {
  return top.epoch === position.epoch && top.offset < position.offset;
}

/** Where the tail begins that a page fills. */
function startOf(page: Page): Position {
  const first = page.publications[0];
  if (first === undefined) return page.top;
  return { epoch: page.top.epoch, offset: first.previous?.offset ?? 0 };
}
