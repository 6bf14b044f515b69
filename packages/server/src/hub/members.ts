// The members of one channel as a keyed log: who came and went, by version; a reader is told the net change.
//
// A storm of a thousand who leave and come back is one net change for each reader, not two thousand frames (R2).
import { fail, type Member, type Position, type SessionId } from "@tidewire/protocol";
import type { ChannelRef, Encoder } from "./encoder.ts";
import type { Budget, Pullable, Pulled, Subscriber } from "./subscriber.ts";

type Version = number;

interface Entry {
  readonly member: Member;
  /** Versions at which the session came, left, came … in turn; the oldest are cut in pairs. */
  readonly toggles: Version[];
  /** Frames by encoder id and kind. */
  readonly frames: Map<string, Uint8Array | null>;
}

/** Presence of at most this many departed is kept for readers that have not been told yet. */
const keptDepartures = 1_000;

export class Members {
  readonly #channel: ChannelRef;
  readonly #shownLimit: number;
  #version: Version = 0;
  /** In order of the newest version: an entry that changes moves to the end. */
  readonly #entries = new Map<SessionId, Entry>();
  readonly #users = new Map<string, number>();
  #present = 0;
  #floor: Version = 0;
  // Most readers stand at the same place: what one was told is kept for the others.
  #told: {
    readonly after: Version;
    readonly to: Version;
    readonly id: string;
    readonly frames: readonly Uint8Array[];
  } | null = null;
  readonly #readers = new Set<MemberCursor>();

  constructor(channel: ChannelRef, shownLimit: number) {
    this.#channel = channel;
    this.#shownLimit = shownLimit;
  }

  get version(): Version {
    return this.#version;
  }

  /** How many sessions, and how many different users among them, are here. */
  get counts(): { readonly clients: number; readonly users: number } {
    return { clients: this.#present, users: this.#users.size };
  }

  /** Whether so many are here that readers are no longer told who comes and goes. */
  get isCrowd(): boolean {
    return this.#present > this.#shownLimit;
  }

  /** @throws {TidewireError} `limit_exceeded` when more are here than are shown. */
  list(): readonly Member[] {
    if (this.isCrowd)
      fail("limit_exceeded", `presence shows at most ${this.#shownLimit} members, here are ${this.#present}`);
    const present: Member[] = [];
    for (const entry of this.#entries.values()) if (isPresent(entry)) present.push(entry.member);
    return present;
  }

  add(member: Member): void {
    const known = this.#entries.get(member.session);
    if (known !== undefined && isPresent(known)) return;
    this.#present += 1;
    this.#users.set(member.user, (this.#users.get(member.user) ?? 0) + 1);
    this.#toggle(member, known);
  }

  remove(session: SessionId): void {
    const known = this.#entries.get(session);
    if (known === undefined || !isPresent(known)) return;
    const { user } = known.member;
    const left = (this.#users.get(user) ?? 1) - 1;
    this.#present -= 1;
    if (left === 0) this.#users.delete(user);
    else this.#users.set(user, left);
    this.#toggle(known.member, known);
    if (this.#entries.size > this.#present + keptDepartures) this.#forgetDepartures();
  }

  /** A reader that is told of every change from now on; born held. */
  read(subscriber: Subscriber, encoder: Encoder): MemberCursor {
    const cursor = new MemberCursor(this, { subscriber, encoder, channel: this.#channel });
    this.#readers.add(cursor);
    return cursor;
  }

  forget(reader: MemberCursor): void {
    this.#readers.delete(reader);
  }

  /** The net changes after `after` as frames; `null` when some of them are no longer known. */
  since(after: Version, encoder: Encoder): readonly Uint8Array[] | null {
    if (after < this.#floor) return null;
    const told = this.#told;
    if (told?.after === after && told.to === this.#version && told.id === encoder.id) return told.frames;
    const frames: Uint8Array[] = [];
    for (const entry of newestFirst(this.#entries)) {
      if ((entry.toggles.at(-1) ?? 0) <= after) break;
      const wasPresent = entry.toggles.filter((version) => version <= after).length % 2 === 1;
      if (wasPresent === isPresent(entry)) continue;
      const frame = this.#frame(entry, encoder);
      if (frame !== null) frames.push(frame);
    }
    frames.reverse();
    this.#told = { after, to: this.#version, id: encoder.id, frames };
    return frames;
  }

  #toggle(member: Member, known: Entry | undefined): void {
    this.#version += 1;
    const toggles = [...(known?.toggles ?? []), this.#version];
    this.#entries.delete(member.session);
    if (toggles.length > 8) this.#floor = Math.max(this.#floor, ...toggles.splice(0, 2));
    this.#entries.set(member.session, { member, toggles, frames: new Map() });
    if (this.isCrowd) return;
    for (const reader of this.#readers) reader.wake();
  }

  #frame(entry: Entry, encoder: Encoder): Uint8Array | null {
    let frame = entry.frames.get(encoder.id);
    if (frame === undefined) {
      const encoded = encoder.member(
        { kind: isPresent(entry) ? "join" : "leave", member: entry.member },
        this.#channel,
      );
      frame = encoded === null ? null : new Uint8Array(encoded);
      entry.frames.set(encoder.id, frame);
    }
    return frame;
  }

  /** Forgets who left, once every reader was told; when some reader is too far behind, it will be told of a gap. */
  #forgetDepartures(): void {
    for (const [session, entry] of this.#entries) {
      if (isPresent(entry)) continue;
      this.#entries.delete(session);
      this.#floor = entry.toggles.at(-1) ?? this.#floor;
      if (this.#entries.size <= this.#present + keptDepartures / 2) return;
    }
  }
}

function isPresent(entry: Entry): boolean {
  return entry.toggles.length % 2 === 1;
}

function newestFirst(entries: ReadonlyMap<SessionId, Entry>): readonly Entry[] {
  return [...entries.values()].reverse();
}

/** One subscriber's place in the comings and goings of a channel. */
export class MemberCursor implements Pullable {
  readonly subscriber: Subscriber;
  readonly channel: string;
  readonly isUrgent = false;
  readonly #members: Members;
  readonly #encoder: Encoder;
  #version: Version;
  #state: "held" | "live" | "ready" | "resting" | "closed" = "held";

  constructor(
    members: Members,
    owner: { readonly subscriber: Subscriber; readonly encoder: Encoder; readonly channel: ChannelRef },
  ) {
    this.#members = members;
    this.subscriber = owner.subscriber;
    this.#encoder = owner.encoder;
    this.channel = owner.channel.name;
    this.#version = members.version;
  }

  /** The reply that comes before one's own join is queued (R4). */
  release(): void {
    if (this.#state !== "held") return;
    this.#state = "live";
    if (this.#version < this.#members.version) this.wake();
  }

  pause(): void {
    if (this.#state !== "closed") this.#state = "resting";
  }

  resume(): void {
    if (this.#state !== "resting") return;
    this.#state = "held";
    this.release();
  }

  wake(): void {
    if (this.#state !== "live") return;
    this.#state = "ready";
    this.subscriber.ready(this);
  }

  pull(_budget: Budget): Pulled {
    if (this.#state !== "ready") return { kind: "later" };
    this.#state = "live";
    if (this.#members.isCrowd) return { kind: "later" };
    const frames = this.#members.since(this.#version, this.#encoder);
    this.#version = this.#members.version;
    if (frames !== null) return { kind: "frames", frames, more: false };
    const nowhere: Position = { epoch: "", offset: 0 };
    return { kind: "gap", from: nowhere, to: nowhere, skipped: null, more: false };
  }

  close(): void {
    this.#state = "closed";
    this.#members.forget(this);
  }
}
