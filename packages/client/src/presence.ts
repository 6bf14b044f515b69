// Who is in a channel: the server's list, with the joins and leaves since applied.

import type { Member, TidewireError } from "@tidewire/protocol";
import type { Cancel } from "./clock.ts";
import { FrameValue } from "./frame-value.ts";
import type { Ports } from "./ports.ts";
import { isUp, type MemberChange, type Subscription } from "./subscription.ts";
import { asObject, type Fields, memberOf, objectAt, wholeAt } from "./wire.ts";

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

export interface PresenceStats {
  readonly clients: number;
  readonly users: number;
}

export interface PresenceReads {
  readonly presence: () => Promise<readonly Member[]>;
  readonly presenceStats: () => Promise<PresenceStats>;
}

export function membersOf(fields: Fields): readonly Member[] {
  return Object.values(objectAt(fields, "presence") ?? {}).map((info) => memberOf(asObject(info)));
}

export function statsOf(fields: Fields): PresenceStats {
  return { clients: wholeAt(fields, "num_clients"), users: wholeAt(fields, "num_users") };
}

export class MemberList {
  /** Watching it opens the channel. */
  readonly store: FrameValue<Members>;
  readonly #subscription: Subscription;
  readonly #reads: PresenceReads;
  /** By session; `null` as long as there is no list to apply a change to. */
  #members: Map<string, Member> | null = null;
  /** What came while the list was on its way, for it may be newer than the list; `null` while none is. */
  #early: MemberChange[] | null = null;
  #shown: Members = { members: [], count: 0, status: "loading", error: null };
  /** Grows whenever an answer on its way becomes worthless. */
  #run = 0;
  #isAsked = false;

  constructor(subscription: Subscription, reads: PresenceReads, ports: Ports) {
    this.#subscription = subscription;
    this.#reads = reads;
    this.store = new FrameValue(this.#shown, ports, () => this.#start());
  }

  #start(): Cancel {
    const { members, status } = this.#subscription;
    const stops = [
      members.add((change) => this.#changed(change)),
      status.subscribe(() => this.#follow()),
      this.#subscription.open({}),
    ];
    this.#follow();
    return () => {
      for (const stop of stops) stop();
      this.#forget();
    };
  }

  #follow(): void {
    const status = this.#subscription.status.getSnapshot();
    if (!isUp(status)) this.#forget();
    else if (!this.#isAsked) this.#load();
    if (status.kind === "refused") this.#fail(status.error);
  }

  #forget(): void {
    this.#run++;
    this.#isAsked = false;
    this.#members = this.#early = null;
    if (this.#shown.status === "ready") this.#show({ status: "stale" });
  }

  #load(): void {
    const run = ++this.#run;
    const { presence, presenceStats } = this.#reads;
    this.#isAsked = true;
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
        if (error.reason === "limit_exceeded") {
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
    this.#early?.push(change);
    if (this.#members === null) return;
    this.#apply(change);
    this.#show({});
  }

  #apply({ kind, member }: MemberChange): void {
    if (kind === "join") this.#members?.set(member.session, member);
    else this.#members?.delete(member.session);
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
