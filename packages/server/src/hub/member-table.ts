// The table of a channel's members: who came and who left, by version; a reader is told the net change (R2).
//
// A session that leaves and comes back is the same key again, so a storm of a thousand who return is nothing to tell. What
// a reader at some version knew is in the session's toggles: the versions at which it came, left, came … in turn.
//
// Above a limit they are a crowd: nobody is told of each one, but how many there are. A reader's place stays where it was
// before the crowd, so that afterwards it is told the net change as ever; and that they are listed again, since who comes
// into a crowd knows none of them (PROTOCOL 1.15).
import type { Member, Position, SessionId } from "@tidewire/protocol";
import type { Publication } from "../engine/engine.ts";
import { Slots } from "../engine/slots.ts";
import { changesOf } from "./changes.ts";
import type { Bounds, CursorLog } from "./channel-log.ts";
import type { ChannelRef, Encoder, MemberChange } from "./encoder.ts";
import type { Run, Seq } from "./log.ts";
import type { View } from "./view.ts";
import { Views } from "./views.ts";

interface Presence {
  readonly member: Member;
  readonly toggles: readonly Seq[];
}

/** Of somebody who comes and goes again and again; whoever is further behind than these reads anew. */
const keptToggles = 32;
/** A presence costs this beside what the member shows: objects, maps and array. */
const presenceOverhead = 800;
/** The end of a crowd is an entry among them; no session is called like this. */
const crowdEnd: SessionId = "";
const nothing = new Uint8Array(0);

export class MemberTable implements CursorLog {
  readonly #channel: ChannelRef;
  readonly #views: Views;
  readonly #shown: number;
  readonly #presences = new Map<SessionId, Presence>();
  readonly #users = new Map<string, number>();
  readonly #slots = new Slots(0, (entry) => this.#gone(entry));
  #head: Seq = 0;
  /** Toggles up to here are forgotten. */
  #cut: Seq = 0;
  /** Where the crowd began; `null` while there is none. */
  #crowdSince: Seq | null = null;
  /** What a crowd's readers are told, until it is counted again. */
  readonly #told = new Map<View, readonly Uint8Array[]>();

  /** @param shown Above so many they are a crowd. */
  constructor(channel: ChannelRef, shown: number) {
    this.#channel = channel;
    this.#shown = shown;
    this.#views = new Views(channel, {
      publicationAt: (seq) => this.#slots.atVersion(seq),
      epochAt: (seq) => placeOf(seq).epoch,
    });
  }

  get counts(): { readonly clients: number; readonly users: number } {
    return { clients: this.#slots.keys, users: this.#users.size };
  }

  get isCrowd(): boolean {
    return this.#crowdSince !== null;
  }

  get head(): Seq {
    return this.#head;
  }

  get floor(): Seq {
    return Math.max(this.#cut, this.#slots.floor);
  }

  get position(): Position {
    return placeOf(this.#head);
  }

  get start(): { readonly seq: Seq; readonly position: Position } {
    return { seq: 0, position: placeOf(0) };
  }

  /** Of memory held, roughly. */
  get bytes(): number {
    return this.#slots.size * presenceOverhead + this.#views.capacity;
  }

  /** In the order in which they came. */
  list(): readonly Member[] {
    const here: Member[] = [];
    for (const presence of this.#presences.values()) if (isHere(presence)) here.push(presence.member);
    return here;
  }

  /** False when it was here already. */
  add(member: Member): boolean {
    if (this.#isHere(member.session)) return false;
    this.#users.set(member.user, (this.#users.get(member.user) ?? 0) + 1);
    this.#toggle(member);
    if (this.#crowdSince === null && this.counts.clients > this.#shown) {
      this.#crowdSince = this.#head - 1;
      this.#told.clear();
    }
    return true;
  }

  /** False when it was not here. */
  remove(session: SessionId): boolean {
    const known = this.#presences.get(session);
    if (known === undefined || !isHere(known)) return false;
    const { user } = known.member;
    const left = (this.#users.get(user) ?? 1) - 1;
    if (left === 0) this.#users.delete(user);
    else this.#users.set(user, left);
    // Nobody was told that it came: a crowd's comings and goings leave nothing behind.
    if (this.#crowdSince !== null && (known.toggles[0] ?? 0) > this.#crowdSince) this.#drop(session);
    else this.#toggle(known.member);
    return true;
  }

  /** Counts a crowd again: what its readers were told is out of date. It ends here alone, so not more often than it is counted. */
  count(): void {
    this.#told.clear();
    if (this.counts.clients <= this.#shown) this.#endCrowd();
  }

  join(encoder: Encoder): View {
    const { id, member } = encoder;
    return this.#views.join({ id, member, publication: (entry, channel) => member(this.#changeOf(entry), channel) });
  }

  leave(view: View): void {
    this.#views.leave(view);
    if (view.readers === 0) this.#told.delete(view);
  }

  run(view: View, after: Seq, { pageBytes: maxBytes, upTo = this.#head }: Bounds): Run {
    if (this.#crowdSince !== null) return this.#countsRun(view, after);
    return (
      view.recall(after, upTo, maxBytes) ??
      view.remember({ after, head: upTo, maxBytes }, this.#read(view, after, { pageBytes: maxBytes, upTo }))
    );
  }

  hasLost(after: Seq, began: Seq): boolean {
    return this.#crowdSince === null && after > 0 && after < this.floor && this.floor > began;
  }

  seqOf(position: Position): Seq | null {
    return position.offset;
  }

  between(after: Seq, to: Seq): number {
    return to - after;
  }

  /** Gives back what nobody pulled since this was last called. */
  shrink(): void {
    this.#views.forgetUnused();
  }

  /**
   * Forgets those who have left and whom no reader knows: they would stay until thousands more have left.
   * @param behind Where the readers stand that are not at the head.
   */
  forgetGone(behind: readonly Seq[]): void {
    if (this.#slots.size === this.#slots.keys) return;
    // Most came after everybody who is behind: they are found by this alone.
    const newest = behind.reduce((one, other) => Math.max(one, other), 0);
    const ended = this.#slots.of(crowdEnd);
    if (ended !== undefined && !behind.some((seq) => seq < ended.offset)) this.#slots.drop(crowdEnd);
    for (const [session, presence] of this.#presences) {
      if (isHere(presence)) continue;
      const isNew = (presence.toggles[0] ?? 0) > newest;
      if (isNew || !behind.some((seq) => wasHere(presence, seq))) this.#slots.drop(session);
    }
  }

  /**
   * The net change as pages that belong together: who is passed over by one page, since it changed again meanwhile, could
   * not be judged from a place in the middle.
   */
  #read(view: View, after: Seq, { pageBytes: maxBytes, upTo }: Required<Bounds>): Run {
    const frameOf = ({ key, offset }: Publication): Uint8Array | null => {
      if (key === crowdEnd) return view.frame(offset);
      const presence = this.#presences.get(key ?? "");
      return presence === undefined || wasHere(presence, after) === isHere(presence) ? null : view.frame(offset);
    };
    const pages: (readonly Uint8Array[])[] = [];
    for (let to = after; to < upTo;) {
      const changes = changesOf(this.#slots, frameOf, { after: to, upTo, maxBytes });
      pages.push(changes.frames);
      to = changes.to;
    }
    let run: Run = { kind: "frames", frames: pages.pop() ?? [], to: upTo, at: placeOf(upTo), more: false };
    for (let frames = pages.pop(); frames !== undefined; frames = pages.pop()) {
      run = { kind: "frames", frames, to: after, at: placeOf(after), more: true, next: run };
    }
    return run;
  }

  #isHere(session: SessionId): boolean {
    const presence = this.#presences.get(session);
    return presence !== undefined && isHere(presence);
  }

  #toggle(member: Member): void {
    this.#head += 1;
    const toggles = [...(this.#presences.get(member.session)?.toggles ?? []), this.#head];
    if (toggles.length > keptToggles) this.#cut = Math.max(this.#cut, ...toggles.splice(0, 2));
    const presence = { member, toggles };
    // Moved to the end.
    this.#presences.delete(member.session);
    this.#presences.set(member.session, presence);
    this.#slots.put(entryOf(member.session, this.#head, isHere(presence)), 0);
    // Of those shown when a crowd began all may leave in it, and as many again before its readers were told.
    this.#slots.trim({ size: 2 * this.#shown, ttlMs: Number.POSITIVE_INFINITY }, 0);
  }

  #endCrowd(): void {
    if (this.#crowdSince === null) return;
    this.#crowdSince = null;
    this.#head += 1;
    this.#slots.put(entryOf(crowdEnd, this.#head, false), 0);
  }

  #drop(session: SessionId): void {
    this.#head += 1;
    this.#slots.drop(session);
  }

  #countsRun(view: View, after: Seq): Run {
    let frames = this.#told.get(view);
    if (frames === undefined) {
      const frame = view.encoder.member({ kind: "counts", ...this.counts, areListed: false }, this.#channel);
      // Copied: an encoder may use its buffer again.
      frames = frame === null ? [] : [new Uint8Array(frame)];
      this.#told.set(view, frames);
    }
    return { kind: "frames", frames, to: after, at: placeOf(after), more: false };
  }

  #changeOf({ key, removed }: Publication): MemberChange {
    if (key === crowdEnd) return { kind: "counts", ...this.counts, areListed: true };
    const member = this.#presences.get(key ?? "")?.member ?? { session: key ?? "", user: "" };
    return { kind: removed === true ? "leave" : "join", member };
  }

  #gone({ key, offset }: Publication): void {
    this.#views.dropFrame(offset);
    // Forgotten, and not superseded by a newer one.
    const isNewest = key !== undefined && this.#presences.get(key)?.toggles.at(-1) === offset;
    if (isNewest) this.#presences.delete(key);
  }
}

function isHere({ toggles }: Presence): boolean {
  return toggles.length % 2 === 1;
}

function wasHere({ toggles }: Presence, seq: Seq): boolean {
  const next = toggles.findIndex((version) => version > seq);
  return (next === -1 ? toggles.length : next) % 2 === 1;
}

function placeOf(offset: Seq): Position {
  return { epoch: "", offset };
}

function entryOf(session: SessionId, offset: Seq, isPresent: boolean): Publication {
  const entry: Publication = { id: "", offset, previous: null, data: nothing, form: "json", key: session, atMs: 0 };
  return isPresent ? entry : { ...entry, removed: true };
}
