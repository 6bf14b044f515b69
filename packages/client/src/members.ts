// The door "@tidewire/client/members": who is in a channel, the server's list with the joins and leaves since applied.

import { type Member, TidewireError } from "@tidewire/protocol";
import { type Channel, ChannelHandle } from "./channel.ts";
import type { Cancel } from "./clock.ts";
import { isTemporary } from "./failure.ts";
import { FrameValue } from "./frame-value.ts";
import type { Store } from "./store.ts";
import { isUp, type MemberChange } from "./subscription-status.ts";

/** The members of a channel. */
export interface Members<Info = unknown> {
  readonly members: readonly Member<Info>[];
  /** How many there are; more than `members` shows where the channel is too large to list. */
  readonly count: number;
  /** `stale`: as of when the connection went, or whoever watched. */
  readonly status: "loading" | "ready" | "stale" | "refused";
  /** Why `refused`; or `limit_exceeded` where only the count is known. */
  readonly error: TidewireError | null;
}

const retryMs = 2_000;

const lists = new WeakMap<Channel, MemberList>();

/** Who is in a channel, kept up to date. Watching it opens the channel; whoever watches the same channel shares one list. */
export function membersOf<Data, Info>(channel: Channel<Data, Info>): Store<Members<Info>> {
  if (!(channel instanceof ChannelHandle)) throw new TypeError("expected a channel of this package's client");
  const list = lists.get(channel) ?? new MemberList(channel);
  lists.set(channel, list);
  // The definition of the channel says what its members show.
  return list.store as Store<Members> as Store<Members<Info>>;
}

class MemberList {
  /** Watching it opens the channel. */
  readonly store: FrameValue<Members>;
  readonly #channel: ChannelHandle;
  /** By session; `null` as long as there is no list to apply a change to. */
  #members: Map<string, Member> | null = null;
  /** What came while the list was on its way, for it may be newer than the list; `null` while none is. */
  #early: MemberChange[] | null = null;
  #shown: Members = { members: [], count: 0, status: "loading", error: null };
  /** Grows whenever an answer on its way becomes worthless. */
  #run = 0;
  #isAsked = false;
  /** A list that could not be had for now is asked for again. */
  #stopRetry: Cancel | null = null;
  /** There are more than are shown: that they are listed again is said, or who came or left since. */
  #isCrowd = false;

  constructor(channel: ChannelHandle) {
    this.#channel = channel;
    this.store = new FrameValue(this.#shown, channel.host, () => this.#start());
  }

  #start(): Cancel {
    const { members, status } = this.#channel.subscription;
    const stops = [
      members.add((change) => this.#changed(change)),
      status.subscribe(() => this.#follow()),
      this.#channel.subscription.open({}),
    ];
    this.#follow();
    return () => {
      for (const stop of stops) stop();
      this.#forget();
    };
  }

  #follow(): void {
    const status = this.#channel.subscription.status.getSnapshot();
    // In a pause nobody tells who leaves, nor afterwards who came and left in it: a list from then would stay wrong.
    const isTooLate = status.kind === "paused" && this.#early !== null;
    if (!isUp(status) || isTooLate) this.#forget();
    else if (!this.#isAsked && status.kind === "live") this.#load();
    if (status.kind === "refused") this.#fail(status.error);
  }

  #forget(): void {
    this.#run++;
    this.#stopRetry?.();
    this.#isAsked = false;
    this.#members = this.#early = null;
    if (this.#shown.status === "ready") this.#show({ status: "stale" });
  }

  #load(): void {
    this.#stopRetry?.();
    const run = ++this.#run;
    const { presence, presenceStats } = this.#channel;
    this.#isAsked = true;
    this.#isCrowd = false;
    this.#early = [];
    presence().then(
      (members) => {
        if (run !== this.#run) return;
        const early = this.#early ?? [];
        this.#members = new Map(members.map((member) => [member.session, member]));
        this.#early = null;
        for (const change of early) this.#apply(change);
        this.#show({ status: "ready", error: null });
      },
      (error: TidewireError) => {
        if (run !== this.#run) return;
        this.#early = null;
        this.#fail(error);
        if (isTemporary(error)) this.#stopRetry = this.#channel.host.clock.after(retryMs, () => this.#load());
        if (error.reason === "limit_exceeded") {
          this.#isCrowd = true;
          presenceStats().then(
            ({ clients }) => {
              if (run === this.#run) this.#show({ status: "ready", count: clients });
            },
            // The list was refused already, which says enough.
            () => undefined,
          );
        }
      },
    );
  }

  #fail(error: TidewireError): void {
    this.#show({ members: [], count: 0, status: "refused", error });
  }

  #changed(change: MemberChange): void {
    if (change.kind === "counts" && !change.areListed) return this.#count(change.clients);
    // The refusal of a list may have come with it, and is not known here yet.
    if (this.#isCrowd || (change.kind === "counts" && this.#early !== null)) this.#load();
    if (change.kind === "counts") return;
    this.#early?.push(change);
    if (this.#members === null) return;
    this.#apply(change);
    this.#show({});
  }

  #count(count: number): void {
    // A list that is on its way is out of date.
    this.#run++;
    this.#stopRetry?.();
    this.#isCrowd = true;
    this.#members = this.#early = null;
    this.#show({ members: [], count, status: "ready", error: new TidewireError("limit_exceeded") });
  }

  #apply(change: MemberChange): void {
    if (change.kind === "join") this.#members?.set(change.member.session, change.member);
    if (change.kind === "leave") this.#members?.delete(change.member.session);
  }

  #show(change: Partial<Members>): void {
    this.#shown = { ...this.#shown, ...change };
    this.store.later(() => {
      if (this.#members !== null) {
        const members = [...this.#members.values()];
        this.#shown = { ...this.#shown, members, count: members.length };
      }
      return this.#shown;
    });
  }
}
