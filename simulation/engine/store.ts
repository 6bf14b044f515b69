// The store of the model engine: the logs of all channels, kept as a journal, so that a fault can take back its end.
import { fail, type Position } from "@tidewire/protocol";
import type {
  Ack,
  Draft,
  LogRetention,
  Page,
  PageLimit,
  PageStart,
  Publication,
  TableRetention,
} from "../../packages/server/src/engine/engine.ts";
import { checkPageLimit, checkRetention, Ring } from "../../packages/server/src/engine/ring.ts";
import { Slots } from "../../packages/server/src/engine/slots.ts";
import { checkKey, digestOf, nothing, ownBytes } from "../../packages/server/src/engines/payload.ts";
import { type Keyed, RememberedPublishes } from "../../packages/server/src/engines/remembered-publishes.ts";
import type { HistoryRecord } from "../checker/records.ts";

type Retention = LogRetention | TableRetention;

interface ChannelLog {
  epoch: string;
  offset: number;
  id: string | null;
  kept: Ring | Slots;
  retention: Retention | null;
  /** The last floor that was told. */
  floor: number;
}

type Step =
  | {
      readonly kind: "append";
      readonly channel: string;
      readonly publication: Publication;
      readonly retention: Retention;
      /** Remembered in the same step: no fault takes the one and leaves the other. */
      readonly keyed: Keyed | null;
    }
  | { readonly kind: "epoch"; readonly channel: string; readonly epoch: string; readonly isEmpty: boolean }
  | { readonly kind: "key"; readonly keyed: Keyed; readonly epoch: string; readonly publication: Publication };

interface Journalled {
  readonly atMs: number;
  readonly step: Step;
}

/** What a crash leaves: all, nothing, or less than was acked, under other epochs or, against the contract, the same. */
export type Loss = "none" | "all" | "fenced" | "unfenced";

export interface StoreListener {
  announced(channel: string, epoch: string, publication: Publication): void;
  suspect(channels: readonly string[]): void;
}

export interface StoreOptions {
  readonly clock: { now(): number; wall(): number };
  readonly token: () => string;
  /** Told what happens to the logs. */
  readonly told?: (record: HistoryRecord) => void;
}

export class Store {
  readonly listeners: Set<StoreListener> = new Set();
  readonly #options: StoreOptions;
  #journal: Journalled[] = [];
  #logs = new Map<string, ChannelLog>();
  /** Every channel that ever had a log. */
  readonly #names = new Set<string>();
  #remembered: RememberedPublishes;
  #defaultEpoch: string;
  /** The time of a step that is taken again. */
  #replayMs: number | null = null;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#defaultEpoch = options.token();
    this.#remembered = this.#noKeys();
  }

  get channels(): readonly string[] {
    return [...this.#logs.keys()];
  }

  /** @throws {TidewireError} as an engine's `publish`. */
  publish(channel: string, draft: Draft): Ack {
    if (draft.kind === "clear") return this.#clear(channel);
    if (draft.kind === "remove") return this.#remove(channel, draft);
    const { body, retention, idempotencyKey: key } = draft;
    if (retention !== null) checkRetention(retention);
    checkKey(draft);
    const keyed = key === undefined ? null : { channel, key, digest: digestOf(body) };
    const duplicate = keyed && this.#remembered.duplicateOf(keyed, body);
    if (duplicate !== null) return { ...duplicate, durability: "process" };
    const log = retention === null ? null : this.#logFor(channel, retention);
    if (retention?.kind === "table" && log?.kept instanceof Slots) {
      const problem = log.kept.problem({ key: body.key ?? "", bytes: body.data.byteLength }, retention);
      if (problem !== null) fail("limit_exceeded", problem);
    }
    const publication = this.#publicationOf(body, log);
    if (retention !== null) this.#do({ kind: "append", channel, publication, retention, keyed });
    else if (keyed !== null) this.#do({ kind: "key", keyed, epoch: this.top(channel).epoch, publication });
    return this.#announce(channel, publication);
  }

  read(channel: string, start: PageStart, limit: PageLimit): Page {
    checkPageLimit(limit);
    const log = this.#logs.get(channel);
    const top = this.top(channel);
    if (log === undefined) return { publications: [], top, floor: 0, more: false };
    this.#trim(channel, log);
    const { floor } = log.kept;
    if (typeof start === "string") return { ...log.kept.page(start, limit), top, floor };
    const from = "after" in start ? start.after : start.before;
    if (from.epoch !== top.epoch) return { publications: [], top, floor, more: false };
    const place = "after" in start ? { after: from.offset } : { before: from.offset };
    return { ...log.kept.page(place, limit), top, floor };
  }

  top(channel: string): Position {
    const log = this.#logs.get(channel);
    return log === undefined ? { epoch: this.#defaultEpoch, offset: 0 } : { epoch: log.epoch, offset: log.offset };
  }

  /** Forgets what is too old, and says so. */
  sweep(): void {
    for (const [channel, log] of this.#logs) this.#trim(channel, log);
  }

  /** The process of the store dies and starts again. @param steps How much of the journal's end a rollback takes. */
  crash(loss: Loss, steps: number): void {
    if (loss === "none") return;
    const before = this.#logs;
    this.#journal = loss === "all" ? [] : this.#journal.slice(0, Math.max(0, this.#journal.length - steps));
    this.#rebuild();
    if (loss === "all") this.#defaultEpoch = this.#options.token();
    this.#tell({ kind: "forgot" });
    for (const channel of this.#names) this.#tellCrash(channel, loss, before.get(channel));
  }

  #tellCrash(channel: string, loss: Loss, before: ChannelLog | undefined): void {
    const position = this.top(channel);
    if (loss === "unfenced") {
      if (before?.epoch !== position.epoch) this.#tell({ kind: "epoch", channel, position });
      return this.#tell({ kind: "rollback", channel, position });
    }
    // In force before the next ack (S8).
    if (loss === "fenced") this.#do({ kind: "epoch", channel, epoch: this.#options.token(), isEmpty: false });
    this.#tellWhole(channel);
  }

  /** Another epoch, and what it has from before. */
  #tellWhole(channel: string): void {
    const top = this.top(channel);
    const log = this.#logs.get(channel);
    const { publications } = log?.kept.page("oldest", { publications: 100_000, bytes: Infinity }) ?? {
      publications: [],
    };
    const base = publications[0]?.previous?.offset ?? (publications.length > 0 ? 0 : top.offset);
    this.#tell({ kind: "epoch", channel, position: { epoch: top.epoch, offset: base } });
    for (const publication of publications) this.#tellAppend(channel, top.epoch, publication);
    if (log === undefined) return;
    log.floor = 0;
    this.#tellFloor(channel, log);
  }

  #logFor(channel: string, retention: Retention): ChannelLog {
    const log = this.#logs.get(channel);
    const isTable = retention.kind === "table";
    // What was kept in the other way is not mixed with what follows.
    if (log !== undefined && log.retention !== null && log.kept instanceof Slots !== isTable) this.#clear(channel);
    return this.#hold(channel);
  }

  #hold(channel: string): ChannelLog {
    let log = this.#logs.get(channel);
    if (log !== undefined) return log;
    log = { epoch: this.#defaultEpoch, offset: 0, id: null, kept: new Ring(), retention: null, floor: 0 };
    this.#logs.set(channel, log);
    this.#names.add(channel);
    return log;
  }

  #remove(channel: string, { key, author, retention }: Extract<Draft, { kind: "remove" }>): Ack {
    checkRetention(retention);
    const log = this.#logs.get(channel);
    const known = log?.kept instanceof Slots ? log.kept.of(key) : undefined;
    if (log === undefined || known === undefined || known.removed === true) {
      return { position: this.top(channel), publication: null, duplicate: false, durability: "process" };
    }
    const body = { data: nothing, form: "json", key, ...(author && { author }) } as const;
    const publication: Publication = { ...this.#publicationOf(body, log), removed: true };
    this.#do({ kind: "append", channel, publication, retention, keyed: null });
    return this.#announce(channel, publication);
  }

  #clear(channel: string): Ack {
    this.#do({ kind: "epoch", channel, epoch: this.#options.token(), isEmpty: true });
    this.#tellWhole(channel);
    for (const listener of this.listeners) listener.suspect([channel]);
    return { position: this.top(channel), publication: null, duplicate: false, durability: "process" };
  }

  #publicationOf(body: Extract<Draft, { kind: "value" }>["body"], log: ChannelLog | null): Publication {
    return {
      ...body,
      id: this.#options.token(),
      offset: log === null ? 0 : log.offset + 1,
      previous: log === null || log.offset === 0 ? null : { offset: log.offset, id: log.id },
      data: ownBytes(body.data),
      atMs: this.#options.clock.wall(),
    };
  }

  #announce(channel: string, publication: Publication): Ack {
    const { epoch } = this.top(channel);
    if (publication.offset > 0) this.#tellAppend(channel, epoch, publication);
    const log = this.#logs.get(channel);
    if (log !== undefined) this.#tellFloor(channel, log);
    for (const listener of this.listeners) listener.announced(channel, epoch, publication);
    return { position: { epoch, offset: publication.offset }, publication, duplicate: false, durability: "process" };
  }

  #do(step: Step): void {
    this.#journal.push({ atMs: this.#options.clock.now(), step });
    this.#take(step);
  }

  #take(step: Step): void {
    if (step.kind === "key") return this.#remembered.add(step.keyed, step.epoch, step.publication);
    const log = this.#hold(step.channel);
    if (step.kind === "epoch") {
      log.epoch = step.epoch;
      if (step.isEmpty) Object.assign(log, { offset: 0, id: null, kept: new Ring(), retention: null, floor: 0 });
      return;
    }
    const { publication, retention, keyed } = step;
    if (keyed !== null) this.#remembered.add(keyed, log.epoch, publication);
    const nowMs = this.#now();
    // What has expired under the old retention does not come back because the new one is longer.
    log.kept.trim(trimOf(log.retention ?? retention), nowMs);
    if (retention.kind === "table" && log.kept instanceof Ring) log.kept = new Slots();
    if (log.kept instanceof Slots) log.kept.put(publication, nowMs);
    else log.kept.append(publication, nowMs);
    log.kept.trim(trimOf(retention), nowMs);
    Object.assign(log, { offset: publication.offset, id: publication.id, retention });
  }

  #trim(channel: string, log: ChannelLog): void {
    if (log.retention === null) return;
    log.kept.trim(trimOf(log.retention), this.#now());
    this.#tellFloor(channel, log);
  }

  #rebuild(): void {
    this.#logs = new Map();
    this.#remembered = this.#noKeys();
    for (const { atMs, step } of this.#journal) {
      this.#replayMs = atMs;
      this.#take(step);
    }
    this.#replayMs = null;
  }

  #noKeys(): RememberedPublishes {
    const never = (): never => fail("internal", "the window of keys asks for the time alone");
    return new RememberedPublishes({ now: () => this.#now(), wall: never, after: never, defer: never });
  }

  #now(): number {
    return this.#replayMs ?? this.#options.clock.now();
  }

  #tellAppend(channel: string, epoch: string, publication: Publication): void {
    const { offset, previous, key, removed } = publication;
    this.#tell({
      kind: "append",
      channel,
      position: { epoch, offset },
      op: opOf(publication),
      previous: previous?.offset ?? 0,
      ...(key !== undefined && { key }),
      ...(removed === true && { removed }),
    });
  }

  #tellFloor(channel: string, log: ChannelLog): void {
    const { floor } = log.kept;
    if (floor <= log.floor) return;
    log.floor = floor;
    this.#tell({ kind: "floor", channel, position: { epoch: log.epoch, offset: floor } });
  }

  #tell(record: HistoryRecord): void {
    this.#options.told?.(record);
  }
}

function trimOf(retention: Retention): { readonly size: number; readonly ttlMs: number } {
  return { size: retention.kind === "table" ? retention.keys : retention.size, ttlMs: retention.ttlMs };
}

const decoder = new TextDecoder();

/** Which publish it is; "" for a removal and for what names none. */
function opOf({ data, form }: Publication): string {
  if (form !== "json") return "";
  const value: unknown = JSON.parse(decoder.decode(data));
  return typeof value === "object" && value !== null && "op" in value ? String(value.op) : "";
}
