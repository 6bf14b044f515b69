// One channel that several tabs have open: one subscription, one tail, and a cursor for each tab.

import { TidewireError } from "@tidewire/protocol";
import type { Cancel } from "../clock.ts";
import { Subscription, type SubscriptionHost } from "../subscription.ts";
import type { PlainChannelOptions } from "../subscription-options.ts";
import { isUp, type MemberChange } from "../subscription-status.ts";
import type { Cursor, CursorHome, Wishes } from "./contracts.ts";
import { Tail } from "./tail.ts";

/** A tab takes an unanswered subscribe for a dead connection after 5 s. */
const answerMs = 4_000;
/** How long a channel waits for tabs that have lost their connection to come back. */
const graceMs = 30_000;

const insufficientState = { code: 2_500, reason: "insufficient state" };
const expired = { code: 2_501, reason: "subscription expired" };

export class SharedChannel implements CursorHome {
  readonly #name: string;
  readonly #host: SubscriptionHost;
  readonly #subscription: Subscription;
  readonly #tail: Tail;
  readonly #cursors = new Set<Cursor>();
  readonly #ended: () => void;
  #life = 0;
  /** Tabs are sent away, to come back. */
  #isDropping = false;
  /** The newest token a tab brought, and whether the server was shown it. */
  #token = { text: "", isShown: true };
  #tokenComes: PromiseWithResolvers<string> | null = null;
  /** The part of whoever left last, for those who come back. */
  #lastPart: Cancel | null = null;
  #stopGrace: Cancel | null = null;

  /** @param options.ended Nobody has it open any more. */
  constructor(name: string, options: { host: SubscriptionHost; traits: PlainChannelOptions; ended: () => void }) {
    const { host, traits, ended } = options;
    this.#name = name;
    this.#host = host;
    this.#ended = ended;
    this.#tail = new Tail(name);
    // Which tab will want to hear of members is not known yet, and a subscription is asked for once.
    this.#subscription = new Subscription(name, { ...traits, presence: true }, host);
    const { gaps, members, publications, skips, status } = this.#subscription;
    publications.add((publication) => {
      this.#tail.append(publication);
      for (const cursor of this.#cursors) {
        if (cursor.awaited === 0) this.#wake(cursor);
        // Later: the place of the subscription follows when everybody has been told.
        else queueMicrotask(() => this.#answerIfUp(cursor));
      }
    });
    gaps.add(({ to }) => {
      this.#tail.reset(to?.offset ?? 0);
      this.#dropAll(insufficientState);
    });
    skips.add((count) => {
      for (const cursor of this.#cursors) if (!cursor.isPaused) this.#say(cursor, { skipped: { count } });
    });
    members.add((change) => this.#memberChanged(change));
    status.subscribe(() => this.#follow());
  }

  attach(cursor: Cursor, { rate, token }: Wishes): void {
    const { clock } = this.#host;
    this.#cursors.add(cursor);
    cursor.stopTimer = clock.after(answerMs, () => {
      if (isUp(this.#subscription.status.getSnapshot())) this.#answer(cursor, "at last");
      else this.#refuse(cursor, new TidewireError("timed_out", "the server has not answered yet"));
    });
    cursor.stop = this.#open({ rate, token }, cursor);
    this.#stopGrace?.();
    this.#lastPart?.();
    this.#lastPart = null;
    this.#tellRest();
    this.#follow();
  }

  detach(cursor: Cursor): void {
    if (!this.#cursors.delete(cursor)) return;
    cursor.stopTimer();
    if (this.#cursors.size > 0) {
      cursor.stop();
      return this.#tellRest();
    }
    this.#lastPart = cursor.stop;
    const isAwaited = this.#isDropping || !this.#host.connection.isOpen;
    if (isAwaited) this.#stopGrace = this.#host.clock.after(graceMs, () => this.end());
    else this.end();
  }

  /** Nobody has it open. */
  end(): void {
    this.#stopGrace?.();
    this.#lastPart?.();
    this.#lastPart = null;
    this.#follow();
  }

  rate(cursor: Cursor, rate: number): void {
    const { stop } = cursor;
    cursor.stop = this.#subscription.open({ rate });
    stop();
  }

  rest(cursor: Cursor, isPaused: boolean): number {
    const { last } = this.#tail;
    cursor.isPaused = isPaused;
    let skipped = 0;
    if (!isPaused && this.#subscription.traits.mode === "signal") {
      skipped = last - cursor.at;
      cursor.at = last;
    }
    this.#tellRest();
    this.#wake(cursor);
    return skipped;
  }

  pull(cursor: Cursor, room: number, lines: string[]): number {
    if (cursor.awaited !== 0 || cursor.isPaused) return 0;
    if (cursor.at < this.#tail.floor) {
      if (this.#subscription.position !== null) {
        cursor.session.drop(this.#name, insufficientState);
        return 0;
      }
      this.#say(cursor, { skipped: { count: this.#tail.floor - cursor.at } });
      cursor.at = this.#tail.floor;
    }
    let characters = 0;
    for (const { line, seq } of this.#tail.after(cursor.at)) {
      if (characters > 0 && characters + line.length > room) break;
      lines.push(line);
      characters += line.length;
      cursor.at = seq;
    }
    return characters;
  }

  #open({ rate, token }: Wishes, { asked }: Cursor): Cancel {
    const isNew = token !== "" && token !== this.#token.text;
    if (isNew) this.#token = { text: token, isShown: false };
    if (token !== "") {
      if (isNew) this.#tokenComes?.resolve(this.#shown());
      else this.#tokenComes?.reject(new TidewireError("token_expired"));
      this.#tokenComes = null;
    }
    return this.#subscription.open({
      ...(rate !== undefined && { rate }),
      ...(asked !== null && { since: asked }),
      ...(isNew && { token: () => this.#fetchToken() }),
    });
  }

  #shown(): string {
    this.#token = { ...this.#token, isShown: true };
    return this.#token.text;
  }

  /** The one that a tab brought, or one that a tab is made to fetch. */
  #fetchToken(): Promise<string> {
    if (!this.#token.isShown) return Promise.resolve(this.#shown());
    this.#tokenComes = Promise.withResolvers();
    // Tabs whose subscription has expired come back with another token, if they can.
    this.#dropAll(expired);
    return this.#tokenComes.promise;
  }

  #wake(cursor: Cursor): void {
    cursor.session.wake(cursor, this);
  }

  #dropAll(reason: typeof expired): void {
    this.#isDropping = true;
    for (const cursor of this.#cursors) if (cursor.awaited === 0) cursor.session.drop(this.#name, reason);
    this.#isDropping = false;
  }

  /** The server may rest when all tabs do. */
  #tellRest(): void {
    const isPaused = this.#cursors.size > 0 && [...this.#cursors].every((cursor) => cursor.isPaused);
    if (isPaused !== this.#subscription.flow.isPaused) this.#subscription.flow.set(isPaused);
  }

  #follow(): void {
    const status = this.#subscription.status.getSnapshot();
    const { life, position } = this.#subscription;
    if (isUp(status)) {
      if (life !== this.#life) {
        this.#life = life;
        this.#tail.reset(position?.offset ?? 0);
        for (const cursor of this.#cursors) cursor.at = this.#tail.last;
      }
      for (const cursor of this.#cursors) this.#answerIfUp(cursor);
    } else if (status.kind === "refused") {
      this.#dropAll(insufficientState);
      for (const cursor of this.#cursors) this.#refuse(cursor, status.error);
    } else if (status.kind === "closed" && status.reason !== null) {
      this.#dropAll(status.reason);
      for (const cursor of this.#cursors) this.#refuse(cursor, new TidewireError("internal", status.reason.reason));
    }
    const isOver = status.kind === "refused" || status.kind === "closed";
    if (isOver && this.#cursors.size === 0 && this.#lastPart === null) this.#ended();
  }

  #refuse(cursor: Cursor, error: TidewireError): void {
    const { awaited, session } = cursor;
    if (awaited === 0) return;
    cursor.awaited = 0;
    this.detach(cursor);
    session.refuse(awaited, error);
  }

  #answerIfUp(cursor: Cursor): void {
    const isWaiting = this.#cursors.has(cursor) && cursor.awaited !== 0;
    if (isWaiting && isUp(this.#subscription.status.getSnapshot())) this.#answer(cursor, "when it can be");
  }

  /**
   * Says where the tab goes on (S5, S7): from where it was, if everything since then is here.
   * @param when A tab may be ahead of what the subscription has caught up on, and is answered when that is where it was.
   */
  #answer(cursor: Cursor, when: "when it can be" | "at last"): void {
    const { position, traits } = this.#subscription;
    const { asked, awaited, session } = cursor;
    const isTable = traits.mode === "latest";
    const isKnown = asked !== null && asked.epoch === position?.epoch && asked.offset >= this.#tail.baseOffset;
    const isAhead = isKnown && asked.offset > position.offset;
    if (isAhead && when === "when it can be") return;
    const isRecovered = isKnown && !isAhead;
    // It began behind some of its keys, for a tab that had them: told from its beginning, everybody has all of them.
    if (isTable && !isRecovered && this.#tail.baseOffset > 0) return this.#subscription.renew();
    cursor.stopTimer();
    cursor.awaited = 0;
    if (position === null) {
      cursor.at = this.#tail.last;
      return session.reply(awaited, { subscribe: {} });
    }
    const from = isRecovered ? asked.offset : isTable ? 0 : position.offset;
    cursor.at = isRecovered ? this.#tail.placeOf(from) : isTable ? this.#tail.floor : this.#tail.last;
    const place = { recoverable: true, positioned: true, epoch: position.epoch, offset: from };
    session.reply(awaited, { subscribe: { ...place, was_recovering: asked !== null, recovered: isRecovered } });
    this.#wake(cursor);
  }

  #memberChanged(change: MemberChange): void {
    const told =
      change.kind === "counts"
        ? { members: { clients: change.clients, users: change.users } }
        : { [change.kind]: { info: infoOf(change.member) } };
    for (const cursor of this.#cursors) {
      if (!cursor.wantsMembers || cursor.isPaused || cursor.awaited !== 0) continue;
      // A list that misses a change stays wrong; whoever subscribes again asks for it anew.
      if (cursor.session.isKeepingUp) this.#say(cursor, told);
      else cursor.session.drop(this.#name, insufficientState);
    }
  }

  #say({ session }: Cursor, push: object): void {
    session.say(JSON.stringify({ push: { channel: this.#name, ...push } }));
  }
}

function infoOf({ session, user, info }: (MemberChange & { readonly kind: "join" | "leave" })["member"]): object {
  return { client: session, user, conn_info: info };
}
