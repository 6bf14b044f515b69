// Catch-up: history for cursors that are behind their tail, with few reads however many ask.
import { fail, type Position } from "@tidewire/protocol";
import type { Engine, Page, PageLimit, PageStart } from "../engine/engine.ts";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";
import { BadAnswer } from "./checked-engine.ts";
import type { ByteLog, Bytes } from "./bytes.ts";
import type { Cursor } from "./cursor.ts";
import type { CatchUpPage } from "./catch-up-page.ts";
import type { Subscriber } from "./subscriber.ts";
import type { View } from "./view.ts";

const pageLimit: PageLimit = { publications: 300, bytes: 65_536 };
/** After so many answers in a row that are none, history is as good as gone. */
const mostBadAnswers = 3;
/** How long to wait before asking an engine again that could not answer. */
const retryMs = 1_000;

interface Turn {
  holder: Cursor;
  readonly waiting: Cursor[];
}

export interface CatchUpOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Reads in flight. */
  readonly maxReads: number;
}

export class CatchUp {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #maxReads: number;
  #reading = 0;
  readonly #queued: (() => void)[] = [];
  readonly #pages = new Map<string, Promise<CatchUpPage>>();
  readonly #turns = new Map<Subscriber, Turn>();

  constructor({ engine, clock, metrics, maxReads }: CatchUpOptions) {
    this.#engine = engine;
    this.#clock = clock;
    this.#metrics = metrics;
    this.#maxReads = maxReads;
  }

  /** Reads through the node's limit of reads in flight; those above it queue. */
  async read(channel: string, start: PageStart, limit: PageLimit): Promise<Page> {
    // A read that ends hands its place to the next in the queue.
    if (this.#reading < this.#maxReads) this.#reading += 1;
    else {
      this.#metrics.hit("historyReads");
      await new Promise<void>((resolve) => this.#queued.push(resolve));
    }
    const startMs = this.#clock.now();
    try {
      return await this.#engine.read(channel, start, limit);
    } finally {
      this.#metrics.reading.observe(this.#clock.now() - startMs);
      const next = this.#queued.shift();
      if (next === undefined) this.#reading -= 1;
      else next();
    }
  }

  /** As `read`, but believes that an answer is none only when it was so three times. @throws {BadAnswer} then. */
  async insist(channel: string, start: PageStart, limit: PageLimit): Promise<Page> {
    for (let left = mostBadAnswers - 1; left > 0; left -= 1) {
      try {
        return await this.read(channel, start, limit);
      } catch (thrown) {
        if (!(thrown instanceof BadAnswer)) throw thrown;
      }
    }
    return await this.read(channel, start, limit);
  }

  /** As `insist`; where that finds nothing, as if nothing were kept: readers are told of a gap and do not wait for good. */
  async readOn(channel: string, start: PageStart, limit: PageLimit): Promise<Page> {
    try {
      return await this.insist(channel, start, limit);
    } catch (thrown) {
      if (!(thrown instanceof BadAnswer)) throw thrown;
    }
    const [top] = await this.#engine.tops([channel]);
    if (top === undefined) return fail("internal", "the engine did not say where the channel ends");
    return { publications: [], top, floor: top.offset, more: false };
  }

  /** The page after `position`; those who ask for the same one meanwhile get the same, bytes included. */
  page(channel: string, position: Position): Promise<CatchUpPage> {
    const key = `${position.epoch} ${position.offset} ${channel}`;
    let page = this.#pages.get(key);
    if (page === undefined) {
      this.#metrics.add("history_pages");
      page = this.insist(channel, { after: position }, pageLimit).then((read) => new SharedPage(read));
      this.#pages.set(key, page);
      const forget = (): void => void this.#pages.delete(key);
      page.then(forget, forget);
    }
    return page;
  }

  /** Fetches the next page for a cursor: one page at a time for each subscriber, since each may be held until written. */
  fetch(cursor: Cursor): void {
    const turn = this.#turns.get(cursor.subscriber);
    if (turn === undefined) {
      this.#turns.set(cursor.subscriber, { holder: cursor, waiting: [] });
      this.#begin(cursor);
    } else if (turn.holder === cursor) {
      this.#begin(cursor);
    } else {
      turn.waiting.push(cursor);
    }
  }

  /** A page that is already at hand, for a new cursor; not kept when another cursor of its subscriber holds one. */
  give(cursor: Cursor, page: CatchUpPage): void {
    if (this.#turns.has(cursor.subscriber)) return;
    this.#turns.set(cursor.subscriber, { holder: cursor, waiting: [] });
    cursor.hold(page);
  }

  /** The cursor has used its page, or wants none any more: the next one of its subscriber has its turn. */
  fetched(cursor: Cursor): void {
    const turn = this.#turns.get(cursor.subscriber);
    if (turn === undefined) return;
    if (turn.holder !== cursor) {
      const index = turn.waiting.indexOf(cursor);
      if (index >= 0) turn.waiting.splice(index, 1);
      return;
    }
    const next = turn.waiting.shift();
    if (next === undefined) {
      this.#turns.delete(cursor.subscriber);
      return;
    }
    turn.holder = next;
    this.#begin(next);
  }

  #begin(cursor: Cursor): void {
    this.page(cursor.channel, cursor.position).then(
      (page) => {
        // The tail does not know yet what this page is the end of: asked at once again, it would say the same.
        if (isAtEnd(page.page, cursor.position)) this.#clock.after(retryMs, () => cursor.failed());
        else cursor.arrived(page);
      },
      (thrown: unknown) => {
        if (thrown instanceof BadAnswer) cursor.lost();
        else this.#clock.after(retryMs, () => cursor.failed());
      },
    );
  }
}

function isAtEnd({ publications, top }: Page, position: Position): boolean {
  return publications.length === 0 && top.epoch === position.epoch && top.offset === position.offset;
}

/** A page, encoded once per view however many cursors read it. */
class SharedPage implements CatchUpPage {
  readonly page: Page;
  readonly #logs = new Map<string, ByteLog>();

  constructor(page: Page) {
    this.page = page;
  }

  run(view: View, from: number, maxBytes: number): Bytes {
    let log = this.#logs.get(view.encoder.id);
    if (log === undefined) {
      log = view.page(this.page);
      this.#logs.set(view.encoder.id, log);
    }
    return log.run(from, this.page.publications.length, maxBytes);
  }
}
