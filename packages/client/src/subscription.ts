// One channel's subscription on the wire: its life over any number of connections, its position, its recovery.

import type { Position, TidewireError } from "@tidewire/protocol";
import { attemptFailed, type Attempts, noAttempts, retryDelayMs, stableMs } from "./backoff.ts";
import type { Cancel } from "./clock.ts";
import type { EndReason } from "./connection-state.ts";
import { encode, type Question } from "./exchange.ts";
import { ending, isTemporary } from "./failure.ts";
import { Flow } from "./flow.ts";
import type { Ports } from "./ports.ts";
import { fromWire, type Gap, type Publication } from "./publication.ts";
import { Refresh } from "./refresh.ts";
import { Listeners, Value } from "./store.ts";
import type { OpenOptions, PlainChannelOptions } from "./subscription-options.ts";
import { isUp, type MemberChange, type SubscriptionStatus } from "./subscription-status.ts";
import { Tokens } from "./tokens.ts";
import {
  asObject,
  endOf,
  type Fields,
  memberOf,
  objectAt,
  positionOf,
  publicationOf,
  publicationsAt,
  type WirePublication,
  wholeAt,
} from "./wire.ts";

/** What a subscription asks of the client around it. */
export interface SubscriptionHost extends Ports {
  readonly connection: {
    readonly isOpen: boolean;
    /** 0 when there is none. */
    ask(question: Question): number;
    drop(reason: EndReason): void;
  };
  /** The subscriptions in use, by name: somebody has it open, or it has not ended. Each puts itself in and takes itself out. */
  readonly open: Map<string, Subscription>;
}

/** The server's highest rate (PROTOCOL 1.1); there is no word for as often as it changes, once a rate was asked for. */
const fastestRate = 60;

/** A subscription that nobody holds is kept this long, so that a remounted component finds it as it left it. */
const graceMs = 50;

export class Subscription {
  readonly name: string;
  readonly traits: PlainChannelOptions;
  readonly status: Value<SubscriptionStatus>;
  readonly publications: Listeners<Publication>;
  readonly gaps: Listeners<Gap>;
  readonly skips: Listeners<number>;
  readonly members: Listeners<MemberChange>;
  readonly flow: Flow;
  /** Counts the lives: what was heard in one says nothing about the next. */
  life = 0;
  readonly #host: SubscriptionHost;
  readonly #tokens: Tokens;
  readonly #refresh: Refresh;
  /** The server has not been shown one from where tokens come from now. */
  #hasNewToken = false;
  #position: Position | null = null;
  /** The id of the publication at `#position`, where we had it: proof that the log still is the one we read. */
  #lastId: string | undefined;
  #mayRecover = false;
  #wasLive = false;
  /** Grows with each subscribe and each end, so that a late answer can tell. */
  #run = 0;
  #attempts: Attempts = noAttempts;
  #liveMs = 0;
  #isToldToRest = false;
  /** The rate that the server has been told; `Infinity`: none. */
  #toldRate = Infinity;
  #stopTimer: Cancel | null = null;
  #stopGrace: Cancel | null = null;

  constructor(name: string, traits: PlainChannelOptions, host: SubscriptionHost) {
    this.name = name;
    this.traits = traits;
    this.#host = host;
    this.status = new Value<SubscriptionStatus>({ kind: "closed", reason: null }, host.onError);
    this.publications = new Listeners(host.onError);
    this.gaps = new Listeners(host.onError);
    this.skips = new Listeners(host.onError);
    this.members = new Listeners(host.onError);
    this.#tokens = new Tokens(host.clock, "");
    this.#refresh = new Refresh({
      ...host,
      tokens: this.#tokens,
      show: (token, answer) => {
        const body = encode({ sub_refresh: { channel: name, token } });
        host.connection.ask({ body, method: "sub_refresh", ...answer });
      },
      refused: (error) => {
        this.#unsubscribe();
        this.#leave({ kind: "refused", error });
      },
    });
    this.flow = new Flow(host);
    this.flow.changes.add(() => this.#tellFlow());
  }

  get #hasEnded(): boolean {
    const { kind } = this.status.getSnapshot();
    return kind === "closed" || kind === "refused";
  }

  get position(): Position | null {
    return this.#position;
  }

  open(options: OpenOptions): Cancel {
    const opener = { ...options };
    this.#stopGrace?.();
    if (options.token !== undefined) {
      this.#tokens.from(options.token);
      this.#hasNewToken = true;
    }
    this.flow.add(opener);
    if (this.#hasEnded) this.#begin(options.since);
    return () => {
      if (!this.flow.remove(opener) || this.flow.isOpen) return;
      // What has ended anyway leaves no timer behind, which `close` would not find.
      if (this.#hasEnded) return this.#finish();
      this.#stopGrace = this.#host.clock.after(graceMs, () => this.#finish());
    };
  }

  /** A connection is there to subscribe on. */
  opening(): void {
    if (this.status.getSnapshot().kind === "waiting") this.#subscribe();
  }

  /** The connection is gone. @param isFinal No other follows by itself. */
  lost(isFinal: boolean): void {
    if (this.#hasEnded) return;
    this.#halt();
    if (isFinal && !this.flow.isOpen) return this.#finish();
    this.status.set({ kind: "waiting" });
  }

  /** Everything is to be read anew, by whoever came too late for what came first. */
  renew(): void {
    this.#unsubscribe();
    this.#begin();
  }

  /** The server forgot positions: recovery would mean nothing. */
  invalidated(): void {
    this.#mayRecover = false;
  }

  push(push: Fields): void {
    const begun = objectAt(push, "subscribe");
    if (begun !== null) return this.#given(begun);
    // Before the reply come only pushes of an earlier life (reference A9.3).
    if (!isUp(this.status.getSnapshot())) return;
    const on = (kind: string, act: (fields: Fields) => void): void => {
      const fields = objectAt(push, kind);
      if (fields !== null) act(fields);
    };
    on("pub", (fields) => this.#hand(publicationOf(fields)));
    for (const kind of ["join", "leave"] as const) {
      on(kind, ({ info }) => this.members.emit({ kind, member: memberOf(asObject(info)) }));
    }
    on("members", (fields) =>
      this.members.emit({
        kind: "counts",
        clients: wholeAt(fields, "clients"),
        users: wholeAt(fields, "users"),
        areListed: fields["listed"] === true,
      }),
    );
    on("skipped", (fields) => this.#skipped(fields, "count"));
    on("unsubscribe", (fields) => this.#unsubscribed(endOf(fields)));
  }

  /** The server subscribes us by its own word, so that who was refused may ask again, and is let in (PROTOCOL 1.11). */
  #given(fields: Fields): void {
    // What is published from now on is ours. A table's beginning is no place: it is told whole.
    const since = this.traits.mode === "latest" ? null : positionOf(fields);
    if (this.#hasEnded) this.#begin(since ?? undefined);
  }

  #begin(since?: Position): void {
    this.life++;
    this.#position = since ?? null;
    this.#lastId = undefined;
    this.#mayRecover = since !== undefined;
    this.#wasLive = false;
    this.#attempts = noAttempts;
    this.#host.open.set(this.name, this);
    this.#subscribe();
  }

  /** What was asked before, or was about to be, does not count any more. */
  #halt(): void {
    this.#run++;
    this.#stopTimer?.();
    this.#refresh.stop();
  }

  /** Stays as it is until somebody opens it again, or the server begins it. */
  #leave(status: SubscriptionStatus): void {
    this.#halt();
    this.status.set(status);
    if (!this.flow.isOpen) this.#finish();
  }

  #subscribe(): void {
    const { fixed } = this.#tokens;
    this.#halt();
    if (fixed !== null) return this.#ask(fixed);
    this.status.set({ kind: "waiting" });
    // `opening` comes back here; nobody wants a token that may have expired by then.
    if (!this.#host.connection.isOpen) return;
    this.#stopTimer = this.#tokens.fetch({
      got: (token) => this.#ask(token),
      failed: (error) => this.#refused(error),
    });
  }

  #ask(token: string): void {
    const run = this.#run;
    const { name: channel } = this;
    const { mode, presence } = this.traits;
    const asked = this.#mayRecover ? this.#position : null;
    this.#hasNewToken = false;
    this.#isToldToRest = this.flow.isPaused;
    this.#toldRate = this.flow.rate;
    const subscribe = {
      channel,
      token: token === "" ? undefined : token,
      recoverable: mode !== "signal" || undefined,
      join_leave: presence === true || undefined,
      recover: asked !== null || undefined,
      ...asked,
      tide: {
        paused: this.#isToldToRest || undefined,
        rate: this.#toldRate === Infinity ? undefined : this.#toldRate,
        last: asked === null ? undefined : this.#lastId,
      },
    };
    const number = this.#host.connection.ask({
      body: encode({ subscribe }),
      method: "subscribe",
      done: (fields) => {
        if (run === this.#run) this.#subscribed(fields, asked);
      },
      failed: (error) => {
        if (run === this.#run) this.#refused(error);
      },
    });
    this.status.set({ kind: number > 0 ? "subscribing" : "waiting" });
  }

  #refused(error: TidewireError): void {
    // Reference A8: 109 wants a new token, which only a function can give.
    const mayRenew = error.code === 109 && this.#tokens.renew();
    // Whoever opened it without a token may have been refused for that, while another one brought it.
    if (isTemporary(error) || mayRenew || this.#hasNewToken) return this.#retry(0);
    this.#leave({ kind: "refused", error });
  }

  #subscribed(fields: Fields, asked: Position | null): void {
    const run = this.#run;
    const missed = publicationsAt(fields);
    const top = positionOf(fields);
    const from = this.#position;
    const epoch = top?.epoch ?? "";
    // S5: "recovered" is believed only for the place that was asked for; cache recovery goes on from a later one.
    const isSamePlace = epoch === asked?.epoch && top?.offset === asked.offset;
    const isRecovered = asked === null ? !this.#wasLive : fields["recovered"] === true && isSamePlace;
    const isReplay = asked !== null && isRecovered;
    this.#wasLive = true;
    this.#liveMs = this.#host.clock.now();
    this.#mayRecover = fields["recoverable"] === true;
    this.#refresh.start(fields);
    // Recovered: the publications in the reply, and those after it, carry us on from where we were (reference A9.1).
    this.#position = isReplay ? asked : top;
    if (!isReplay) this.#lastId = undefined;
    if (from !== null && !isRecovered) this.gaps.emit({ from, to: top });
    if (run !== this.#run) return;
    this.#showLive(isRecovered);
    for (const wire of missed) {
      if (run !== this.#run) return;
      // What comes along unasked is the channel's initial state, from before our place (reference A9.1).
      if (isReplay) this.#hand(wire);
      else this.publications.emit(fromWire(wire, epoch));
    }
    if (run === this.#run) this.#tellFlow();
  }

  #showLive(recovered: boolean): void {
    this.status.set({ kind: this.#isToldToRest ? "paused" : "live", recovered });
  }

  /** Hands one publication to the application, unless it had it already (S4). */
  #hand(wire: WirePublication): void {
    const seen = this.#position;
    if (wire.offset > 0 && seen !== null && wire.offset <= seen.offset) return;
    const publication = fromWire(wire, seen?.epoch ?? "");
    this.publications.emit(publication);
    // Only now: had the handler not run, the place would not be behind us.
    if (this.#position !== seen || publication.position === null) return;
    this.#position = publication.position;
    this.#lastId = wire.id === "" ? undefined : wire.id;
  }

  #skipped(fields: Fields, name: string): void {
    const count = wholeAt(fields, name);
    if (count > 0) this.skips.emit(count);
  }

  #unsubscribed(reason: EndReason): void {
    if (reason.code < 2500) return this.#leave({ kind: "closed", reason });
    if (reason.code === 2501) this.#tokens.renew();
    if (reason.code === 2502) this.#mayRecover = false;
    this.#retry(this.#host.clock.now() - this.#liveMs);
  }

  /** @param heldMs How long it was live. What held is asked for again at once, what did not after a while. */
  #retry(heldMs: number): void {
    const { clock, random } = this.#host;
    this.#halt();
    this.#attempts = attemptFailed(this.#attempts, heldMs);
    if (heldMs >= stableMs) return this.#subscribe();
    this.#stopTimer = clock.after(retryDelayMs(this.#attempts, random), () => this.#subscribe());
    this.status.set({ kind: "waiting" });
  }

  /** Tells the server whether to pause or resume, and how fast, when it believes otherwise. */
  #tellFlow(): void {
    const status = this.status.getSnapshot();
    const { isPaused } = this.flow;
    // Later, because a page that renders closes and opens much in one turn.
    queueMicrotask(() => this.#tellRate());
    if (!isUp(status) || isPaused === this.#isToldToRest) return;
    const run = this.#run;
    this.#isToldToRest = isPaused;
    this.#tell(isPaused ? "pause" : "resume", {
      failed: () => {
        if (run !== this.#run) return;
        // A server that cannot pause goes on sending; saying otherwise would be a lie.
        this.#isToldToRest = !isPaused;
        this.#showLive(status.recovered);
      },
    });
    this.#showLive(status.recovered);
  }

  #tellRate(): void {
    const { rate } = this.flow;
    // Without an opener, as within the grace, there is none whose rate it could be.
    if (!isUp(this.status.getSnapshot()) || rate === 0 || rate === this.#toldRate) return;
    this.#toldRate = rate;
    this.#tell("rate", { rate: Math.min(rate, fastestRate) });
  }

  #tell(command: string, more: { readonly rate?: number; readonly failed?: () => void }): void {
    this.#host.connection.ask({
      body: encode({ rpc: { method: `tide.${command}`, data: { channel: this.name, rate: more.rate } } }),
      method: "rpc",
      done: ({ data }) => this.#skipped(asObject(data ?? {}), "skipped"),
      ...more,
    });
  }

  /** Nobody wants it any more. */
  #finish(): void {
    this.#halt();
    this.#stopGrace?.();
    this.#position = null;
    const status = this.status.getSnapshot();
    if (status.kind === "subscribing" || isUp(status)) this.#unsubscribe();
    this.#host.open.delete(this.name);
    if (status.kind !== "closed") this.status.set({ kind: "closed", reason: null });
    this.flow.set(false);
  }

  #unsubscribe(): void {
    this.#host.connection.ask({
      body: encode({ unsubscribe: { channel: this.name } }),
      method: "unsubscribe",
      // Reference A8: then nobody knows what the server still sends.
      failed: (error) => this.#host.connection.drop(ending(error)),
    });
  }
}
