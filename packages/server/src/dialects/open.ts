// Opening: the glue between one connection, its dialect's speaker and its session.
import type { Closing } from "../session/close-error.ts";
import type { Command, MarkAnswer } from "../session/command.ts";
import type { Link, LinkTraits } from "../session/link.ts";
import type { SessionNode } from "../session/node.ts";
import type { Hearer, Place } from "../session/turns.ts";
import type { Reply, SessionEvent } from "../session/reply.ts";
import { Session } from "../session/session.ts";
import { Window } from "../session/window.ts";
import type { Connection, Opened } from "./connection.ts";
import { reasonOf } from "../ports/log.ts";
import { type Ending, MalformedFrame, type Speaker } from "./dialect.ts";
import { endOf } from "./ends.ts";

/** Begins a session on a connection. */
export function open(node: SessionNode, connection: Connection, speaker: Speaker): Opened {
  const link = new SpokenLink(node, connection, speaker);
  const { headers, url, address, isLoopback } = connection.info;
  const session = new Session(node, link, { headers, url, address, isLoopback, dialect: speaker.traits.encoder.id });
  link.ended = () => session.closed();
  link.writable = () => session.writable();
  const opening = speaker.opening();
  if (opening.length > 0) session.receive(opening);
  return new OpenedSession(session, link, speaker);
}

/** Said, and not taken in yet. */
interface Waiting {
  readonly message: Uint8Array;
  readonly form: "text" | "bytes";
}

type Said = readonly (Command | MarkAnswer)[];

/** What one client has said and is late with, oldest first. */
interface Late {
  /** Of the message before those that wait, what is left of it. */
  commands: Said;
  readonly messages: Waiting[];
}

/** One message may hold a hundred commands: with so many at a time nobody is behind all of another's. */
const commandsAtOnce = 4;

/** From so many on that wait its client is not read until they are taken in. */
const manyLate = 16;
/** What was read at once may hold more of them than are kept: then the oldest is taken in for each that comes. */
const mostLate = 1_024;

/** A class: closures of its own would cost memory for each connection that idles. */
class OpenedSession implements Opened, Hearer {
  readonly #session: Session;
  readonly #link: SpokenLink;
  readonly #speaker: Speaker;
  /** `null` while everything was taken in. */
  #late: Late | null = null;
  /** A whole number, which costs no memory of its own. */
  readonly #openedMs: number;
  /** In the line of those who are late; `null` before it ever was. */
  #place: Place | null = null;
  /** The code it was closed with, behind what waits. */
  #end: number | null = null;

  constructor(session: Session, link: SpokenLink, speaker: Speaker) {
    this.#session = session;
    this.#link = link;
    this.#speaker = speaker;
    this.#openedMs = Math.trunc(session.node.clock.now());
    session.node.metrics.add(`opened_${speaker.traits.dialect}`);
  }

  receive(message: Uint8Array, form: "text" | "bytes"): void {
    // Nothing is made of what somebody says who was told to go.
    if (this.#link.isEnded) return;
    const { turns, metrics } = this.#session.node;
    if (this.#late === null && turns.hasTime()) return this.#hear(message, form);
    metrics.add("messages_late");
    const { messages } = (this.#late ??= this.#nowLate(message));
    messages.push({ message, form });
    if (messages.length === manyLate) this.#link.holdLate(true);
    while (messages.length > mostLate) this.#hearSome(this.#late, Infinity);
  }

  hearNext(): boolean {
    const late = this.#late;
    if (late !== null && !this.#link.isEnded) this.#hearSome(late, commandsAtOnce);
    if (late !== null && late.commands.length + late.messages.length > 0 && !this.#link.isEnded) return true;
    this.#late = null;
    this.#link.hasLate = false;
    this.#link.holdLate(false);
    if (this.#end !== null) this.closed(this.#end);
    return false;
  }

  #nowLate({ length }: Uint8Array): Late {
    const { turns } = this.#session.node;
    this.#place ??= turns.placeOf(this, this.#openedMs);
    // More of what it says is in the socket: this is only the beginning.
    turns.wait(this.#place, this.#link.isLate ? Infinity : length);
    this.#link.hasLate = true;
    return { commands: [], messages: [] };
  }

  /** Takes in what is left of a message, or begins with the next one. */
  #hearSome(late: Late, most: number): void {
    if (late.commands.length === 0) {
      const next = late.messages.shift();
      const said = next === undefined ? null : this.#decoded(next.message, next.form);
      if (said === null) return;
      late.commands = said;
    }
    const some = late.commands.slice(0, most);
    late.commands = late.commands.slice(some.length);
    this.#obey(some);
  }

  #hear(message: Uint8Array, form: "text" | "bytes"): void {
    const said = this.#decoded(message, form);
    if (said !== null) this.#obey(said);
  }

  /** The commands of a message; `null` where it has ended the session, or they have an order of their own. */
  #decoded(message: Uint8Array, form: "text" | "bytes"): Said | null {
    try {
      const said = this.#speaker.decode(message, form);
      const { order } = this.#speaker;
      if (order === undefined) return said;
      order.put(said, message.length, (inTurn) => this.#obey(inTurn));
    } catch (thrown) {
      this.#failed(thrown);
    }
    return null;
  }

  pong(): void {
    this.#session.pong();
  }

  writable(): void {
    this.#link.drained();
  }

  closed(code: number): void {
    // What it said before it went counts, however late it is taken in.
    if (this.#late !== null) return void (this.#end = code);
    this.#speaker.order?.stop();
    const { metrics } = this.#session.node;
    const { dialect } = this.#speaker.traits;
    metrics.add(`ended_${dialect}`);
    const end = dialect === "raw-request" && code === 1000 ? "answered" : endOf(code);
    if (!this.#link.isEnded) metrics.add(`closed_${end}`);
    this.#session.closed(end);
  }

  /** Nobody who calls this expects that a message could fail. */
  #obey(said: readonly (Command | MarkAnswer)[]): void {
    try {
      this.#session.receive(this.#link.heard(said));
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  #failed(thrown: unknown): void {
    if (thrown instanceof MalformedFrame) {
      if (thrown.limit !== null) this.#session.node.metrics.hit(thrown.limit);
      return this.#session.malformed(thrown.message);
    }
    // A mistake of ours: thrown further it would end the process, and with it everybody else's connection.
    this.#session.node.log.error("a message could not be taken", { reason: reasonOf(thrown) });
    this.#session.close("server_error");
  }
}

class SpokenLink implements Link {
  /** Tells the session that its dialect has ended the connection. */
  ended: () => void = () => undefined;
  /** Tells the session that it may write again. */
  writable: () => void = () => undefined;
  readonly #node: SessionNode;
  readonly #connection: Connection;
  readonly #speaker: Speaker;
  /** Of a client that says what it has read. */
  #window: Window | null = null;
  #isSocketFull = false;
  /** Whether messages of it wait. */
  hasLate = false;
  /** Why it is not read at present. */
  #isHeld = false;
  /** Whether it is not read until what it has said is taken in. */
  isHeldLate = false;
  /** Whether the server has ended it. */
  isEnded = false;

  constructor(node: SessionNode, connection: Connection, speaker: Speaker) {
    this.#node = node;
    this.#connection = connection;
    this.#speaker = speaker;
  }

  get traits(): LinkTraits {
    return this.#speaker.traits;
  }

  get isLate(): boolean {
    return this.hasLate || this.#connection.isLate === true;
  }

  reply(reply: Reply): Uint8Array | null {
    if (reply.kind === "error") this.#node.metrics.add(`errors_${reply.error.reason}`);
    const said = this.#speaker.reply(reply);
    if (said === null || said instanceof Uint8Array) return said;
    this.#node.metrics.add("closed_error");
    this.#end(said);
    this.ended();
    return null;
  }

  event(event: SessionEvent): Uint8Array | null {
    return this.#speaker.event(event);
  }

  get pageBytes(): number {
    return this.#window?.pageBytes ?? Infinity;
  }

  write(frames: readonly Uint8Array[]): "open" | "full" {
    const window = this.#window;
    if (window === null) return this.#connection.send(frames);
    let bytes = 0;
    for (const frame of frames) bytes += frame.length;
    const at = window.writing(bytes);
    const mark = at === 0 ? null : this.#speaker.event({ kind: "mark", at });
    this.#isSocketFull = this.#connection.send(mark === null ? frames : [...frames, mark]) === "full";
    if (window.isFull) this.#node.metrics.add("windows_full");
    return this.#isSocketFull || window.isFull ? "full" : "open";
  }

  /** The socket takes bytes again. */
  drained(): void {
    this.#isSocketFull = false;
    if (this.#window?.isFull !== true) this.writable();
  }

  /** Takes what is the link's own out of what the client said. @throws {MalformedFrame} */
  heard(said: readonly (Command | MarkAnswer)[]): readonly Command[] {
    const commands: Command[] = [];
    for (const each of said) {
      if (each.kind === "mark") this.#answered(each.at);
      else commands.push(each);
      if (each.kind === "connect" && each.windowBytes !== null) {
        this.#window ??= new Window(each.windowBytes, this.#node.clock);
      }
    }
    return commands;
  }

  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#connection.hold(isHeld || this.isHeldLate);
    // What cannot be heard cannot be waited for: replies that wait for room would wait for ever.
    this.#change((window) => (window.isDeaf = isHeld));
  }

  close(reason: Closing, detail?: string): void {
    this.#end(this.#speaker.closing(reason, detail));
  }

  /** What it has said waits for a later turn. */
  holdLate(isHeld: boolean): void {
    // Whoever is told to go is read again, so what is held is held once more.
    if (!isHeld && !this.isHeldLate) return;
    this.isHeldLate = isHeld;
    this.#connection.hold(isHeld || this.#isHeld);
  }

  cut(): void {
    this.#node.metrics.add("closed_cut");
    this.isEnded = true;
    this.#connection.terminate();
  }

  traffic(): { readonly unsent: number; readonly received: number } {
    const window = this.#window;
    if (window?.isFull !== true) return this.#connection.traffic();
    // Whoever talks, and never says that it has read, is no better than one that does not read.
    return { unsent: window.read, received: window.read };
  }

  /** @throws {MalformedFrame} */
  #answered(at: number): void {
    const isKnown = this.#change((window) => window.answered(at));
    if (!isKnown) throw new MalformedFrame(`mark: expected one that waits for an answer, got ${at}`);
  }

  /** Does something to the window that may make room. */
  #change(act: (window: Window) => boolean): boolean {
    const window = this.#window;
    if (window === null) return false;
    const wasFull = window.isFull;
    const isDone = act(window);
    if (wasFull && !window.isFull && !this.#isSocketFull) this.writable();
    return isDone;
  }

  #end(ending: Ending): void {
    this.isEnded = true;
    this.#connection.close(ending.code, ending.reason, ending.last);
  }
}
