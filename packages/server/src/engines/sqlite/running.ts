// The SQLite engine between start and stop: what it knows without the worker, and what it asks it.
import { fail, type Position, TidewireError } from "@tidewire/protocol";
import type { Ack, Body, Draft, EngineSink, Page, PageLimit, PageStart, Publication } from "../../engine/engine.ts";
import { checkPageLimit, checkRetention } from "../../engine/ring.ts";
import type { Cancel, Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Random } from "../../ports/random.ts";
import { checkKey, digestOf, nothing, ownBytes } from "../payload.ts";
import { type Keyed, RememberedPublishes } from "../remembered-publishes.ts";
import { ackOf, duplicateOf, errorOf, metaOf, pageOf } from "./answers.ts";
import { Health } from "./health.ts";
import { type KnownEpoch, KnownEpochs } from "./known-epochs.ts";
import type { Answer, AppendRequest, RemoveRequest, Request, SetRequest, Top } from "./messages.ts";
import { Pipe } from "./pipe.ts";
import { type Spawn, WorkerLink } from "./worker-link.ts";

export interface RunningOptions {
  readonly path: string;
  readonly maxFileBytes: number | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly spawn: Spawn;
  readonly sink: EngineSink;
}

type RemoveDraft = Extract<Draft, { kind: "remove" }>;
type ValueDraft = Extract<Draft, { kind: "value" }>;

const purgeIntervalMs = 30_000;
/** While there is more to delete than one step deletes. */
const purgeAgainMs = 100;
/** A stop waits this long for a disk that does not answer. */
const stopLimitMs = 10_000;

export class Running {
  readonly #options: RunningOptions;
  readonly #link: WorkerLink;
  readonly #pipe: Pipe;
  readonly #health: Health;
  readonly #epochs = new KnownEpochs();
  /** Of ephemeral publications: theirs are no safer than they are. */
  readonly #remembered: RememberedPublishes;
  #cancelPurge: Cancel = () => undefined;
  #isStopping = false;

  constructor(options: RunningOptions) {
    const { clock, log, sink } = options;
    this.#options = options;
    this.#remembered = new RememberedPublishes(clock);
    const reopen = (): void => void this.#link.restart();
    this.#health = new Health({ clock, log, sink, probe: () => this.#probe(), reopen });
    this.#link = new WorkerLink(options, {
      answered: (answers) => this.#pipe.answered(answers),
      lost: () => this.#lost(),
      back: () => this.#followAgain(),
    });
    this.#pipe = new Pipe(this.#link, clock, {
      stalled: () => this.#health.fail("stalled", "a commit takes more than two seconds"),
      resumed: () => this.#health.heal("stalled"),
    });
  }

  async open(): Promise<void> {
    await this.#link.open();
    this.#purgeLater(purgeAgainMs);
  }

  /** Finishes what was accepted. */
  async close(): Promise<void> {
    this.#isStopping = true;
    this.#cancelPurge();
    this.#health.stop();
    const cancelLimit = this.#options.clock.after(stopLimitMs, () => void this.#link.terminate());
    if (this.#link.isOpen) this.#tell({ kind: "close" }, () => undefined);
    await this.#link.ended();
    cancelLimit();
    this.#pipe.lost();
  }

  async publish(channel: string, draft: Draft): Promise<Ack> {
    if (draft.kind === "clear") return await this.#clear(channel);
    if (draft.kind === "remove") return await this.#remove(channel, draft);
    checkKey(draft);
    if (draft.retention !== null) checkRetention(draft.retention);
    const body = { ...draft.body, data: ownBytes(draft.body.data) };
    const keyed =
      draft.idempotencyKey === undefined ? null : { channel, key: draft.idempotencyKey, digest: digestOf(body) };
    const duplicate = keyed && this.#remembered.duplicateOf(keyed, body);
    if (duplicate !== null) return duplicate;
    return draft.retention === null
      ? await this.#pass(channel, body, keyed)
      : await this.#append(this.#requestFor(channel, draft, keyed), body);
  }

  read(channel: string, start: PageStart, limit: PageLimit): Promise<Page> {
    checkPageLimit(limit);
    return this.#ask({ kind: "read", channel, start, limit }, (answer) => {
      if (answer.kind !== "page") throw errorOf(answer);
      return pageOf(answer);
    });
  }

  tops(channels: readonly string[]): Promise<readonly Position[]> {
    return this.#ask({ kind: "tops", channels }, (answer) => topsOf(answer).map(positionOf));
  }

  async follow(channel: string): Promise<Position> {
    const wasFollowed = this.#epochs.isFollowed(channel);
    this.#epochs.follow(channel);
    try {
      return await this.#ask({ kind: "follow", channels: [channel] }, (answer) => {
        const [top] = topsOf(answer);
        if (top === undefined) throw errorOf(answer);
        this.#epochs.learn(channel, top);
        return positionOf(top);
      });
    } catch (thrown) {
      if (!wasFollowed) this.unfollow(channel);
      throw thrown;
    }
  }

  unfollow(channel: string): void {
    if (!this.#epochs.unfollow(channel) || !this.#link.isOpen) return;
    this.#tell({ kind: "unfollow", channel }, () => undefined);
  }

  #remove(channel: string, { key, author, retention }: RemoveDraft): Promise<Ack> {
    checkRetention(retention);
    this.#mustWrite();
    const body: Body & { readonly removed: true } = {
      data: nothing,
      form: "json",
      key,
      removed: true,
      ...(author && { author }),
    };
    const { keys: size, ttlMs } = retention;
    const request: RemoveRequest = { kind: "remove", channel, ...this.#stamp(body), tableKey: key, size, ttlMs };
    return this.#ask(request, (answer) => {
      if (answer.kind === "passed") {
        return { position: positionOf(answer.top), publication: null, duplicate: false, durability: "fsync" };
      }
      return this.#appended(request, body, answer);
    });
  }

  #append(request: AppendRequest | SetRequest, body: Body): Promise<Ack> {
    this.#mustWrite();
    return this.#ask(
      request,
      (answer) => {
        if (answer.kind === "duplicate") return duplicateOf(answer, body);
        return this.#appended(request, body, answer);
      },
      body.data,
    );
  }

  #appended(request: AppendRequest | SetRequest | RemoveRequest, body: Body, answer: Answer): Ack {
    if (answer.kind !== "appended") throw this.#failure(answer);
    const ack = ackOf(answer, request, body);
    this.#epochs.learn(request.channel, { epoch: answer.epoch, isOwn: true });
    this.#announce(request.channel, answer.epoch, ack.publication);
    return ack;
  }

  /** Through the worker only if something that it may not overtake is there, or if the worker may know its key. */
  async #pass(channel: string, body: Body, keyed: Keyed | null): Promise<Ack> {
    const known = this.#epochs.find(channel);
    const mayAsk = keyed !== null && known?.isOwn === true;
    if (known !== null && !mayAsk && !this.#pipe.isBusy(channel)) return this.#passed(channel, known, { body, keyed });
    const request = { kind: "pass", channel, key: keyed?.key ?? null, digest: keyed?.digest ?? "" } as const;
    return await this.#ask(request, (answer) => {
      if (answer.kind === "duplicate") return duplicateOf(answer, body);
      if (answer.kind !== "passed") throw this.#failure(answer);
      this.#epochs.learn(channel, answer.top);
      return this.#passed(channel, answer.top, { body, keyed });
    });
  }

  #passed(channel: string, { epoch }: KnownEpoch, { body, keyed }: { body: Body; keyed: Keyed | null }): Ack {
    // Asked again: the same publish may have passed while this one waited.
    const duplicate = keyed && this.#remembered.duplicateOf(keyed, body);
    if (duplicate !== null) return duplicate;
    const { random, clock } = this.#options;
    const publication = { ...body, id: random.token(96), offset: 0, previous: null, atMs: clock.wall() };
    if (keyed !== null) this.#remembered.add(keyed, epoch, publication);
    this.#announce(channel, epoch, publication);
    return { position: { epoch, offset: 0 }, publication, duplicate: false, durability: "volatile" };
  }

  #clear(channel: string): Promise<Ack> {
    this.#mustWrite();
    const newEpoch = this.#options.random.token(96);
    return this.#ask({ kind: "clear", channel, newEpoch }, (answer) => {
      if (answer.kind !== "cleared") throw this.#failure(answer);
      this.#epochs.learn(channel, { epoch: newEpoch, isOwn: true });
      this.#options.sink.suspect([channel]);
      const position = { epoch: newEpoch, offset: 0 };
      return { position, publication: null, duplicate: false, durability: "fsync" };
    });
  }

  #requestFor(channel: string, draft: ValueDraft, keyed: Keyed | null): AppendRequest | SetRequest {
    const { body } = draft;
    const retention = draft.retention ?? fail("internal", "a retention was expected");
    const common = {
      channel,
      ...this.#stamp(body),
      form: body.form,
      bytes: body.data.byteLength,
      ttlMs: retention.ttlMs,
      key: keyed?.key ?? null,
      digest: keyed?.digest ?? "",
    };
    if (retention.kind !== "table") return { kind: "append", ...common, size: retention.size };
    const { keys: size, bytes: tableBytes } = retention;
    return { kind: "set", ...common, size, tableBytes, tableKey: body.key ?? "" };
  }

  #stamp(body: Pick<Body, "author" | "tags">): Pick<AppendRequest, "id" | "atMs" | "meta"> {
    const { random, clock } = this.#options;
    return { id: random.token(96), atMs: Math.floor(clock.wall()), meta: metaOf(body) };
  }

  #announce(channel: string, epoch: string, publication: Publication): void {
    if (this.#epochs.isFollowed(channel)) this.#options.sink.announced(channel, epoch, publication);
  }

  /** `conclude` runs in the order of the requests, before anything that waits for the promise. */
  #ask<Result>(request: Request, conclude: (answer: Answer) => Result, data?: Uint8Array): Promise<Result> {
    if (this.#isStopping || !this.#health.mayAsk) fail("engine_unavailable", "the database is not available");
    return new Promise((resolve, reject) => {
      const settle = (answer: Answer): void => {
        try {
          resolve(conclude(answer));
        } catch (thrown) {
          reject(thrown instanceof Error ? thrown : new TidewireError("internal"));
        }
      };
      this.#pipe.ask({ request, settle, fail: reject, ...(data && { data }) });
    });
  }

  /** For what the engine asks by itself: `conclude` is called once, with `null` when no answer is to be expected. */
  #tell(request: Request, conclude: (answer: Answer | null) => void): void {
    let isConcluded = false;
    const once = (answer: Answer | null): void => {
      if (isConcluded || this.#isStopping) return;
      isConcluded = true;
      conclude(answer);
    };
    this.#pipe.tell({ request, settle: once, fail: () => once(null) });
  }

  #mustWrite(): void {
    if (!this.#health.isUp) fail("engine_unavailable", "the database takes no writes at present");
  }

  #failure(answer: Answer): TidewireError {
    if (answer.kind === "failed" && answer.outage !== null) this.#health.fail("disk", answer.message);
    return errorOf(answer);
  }

  #probe(): void {
    this.#tell({ kind: "probe", newEpoch: this.#options.random.token(96) }, (answer) => {
      if (answer?.kind === "purged" && answer.forgot) this.#epochs.forgetOthers();
      this.#health.probed(answer?.kind === "purged" ? "well" : outageOf(answer));
    });
  }

  #lost(): void {
    this.#health.fail("dead", "the worker died");
    this.#health.heal("stalled");
    this.#pipe.lost();
  }

  #followAgain(): void {
    const channels = this.#epochs.followed;
    this.#epochs.forgetOthers();
    this.#tell({ kind: "follow", channels }, (answer) => {
      // A worker that cannot even do this is replaced by another one, after a while.
      if (answer?.kind !== "tops") return void this.#link.restart();
      answer.tops.forEach((top, index) => this.#epochs.learn(channels[index] ?? "", top));
      this.#health.heal("dead");
    });
  }

  #purgeLater(ms: number): void {
    this.#cancelPurge = this.#options.clock.after(ms, () => {
      this.#remembered.sweep();
      if (!this.#health.isUp) return this.#purgeLater(purgeIntervalMs);
      this.#tell({ kind: "purge", newEpoch: this.#options.random.token(96) }, (answer) => {
        if (answer?.kind === "purged" && answer.forgot) this.#epochs.forgetOthers();
        this.#purgeLater(answer?.kind === "purged" && answer.more ? purgeAgainMs : purgeIntervalMs);
      });
    });
  }
}

function topsOf(answer: Answer): readonly Top[] {
  if (answer.kind !== "tops") throw errorOf(answer);
  return answer.tops;
}

function positionOf({ epoch, offset }: Top): Position {
  return { epoch, offset };
}

function outageOf(answer: Answer | null): "full" | "broken" {
  return answer?.kind === "failed" && answer.outage === "full" ? "full" : "broken";
}
