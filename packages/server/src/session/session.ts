// A session: one client's state, from its first command to its last byte.
//
//   new ─► connecting ─► open ─► closed
//             └─► refused ─► closed      (a connect that was answered with an error)
import { type SessionId, TidewireError, type UnsubscribeReasonName } from "@tidewire/protocol";
import { type ConnectRequest, Disconnect, type LiveTerms, type RuleContext } from "../access.ts";
import type { Queue, Reader } from "../hub/delivery.ts";
import { refusal } from "../hub/refusal.ts";
import type { Pullable, Subscriber } from "../hub/subscriber.ts";
import type { Due, DueAt } from "../hub/wheel.ts";
import { type CallHost, Calls } from "./calls.ts";
import { CloseError, type Closing } from "./close-error.ts";
import { closeCrowded } from "./crowd.ts";
import type { Command, CommandId, CommandOf } from "./command.ts";
import { channelKey, handle, keysOf, type Request } from "./commands/table.ts";
import type { Context } from "./context.ts";
import type { Expiry } from "./expiry.ts";
import { give, type Given } from "./given.ts";
import type { Granted } from "./granted.ts";
import { type Gap, tellGap } from "./gap.ts";
import { type Heartbeat, type HeartbeatHost, heartbeatOf } from "./heartbeat.ts";
import { type Identified, nobody, ruleContext } from "./identify.ts";
import { Inbox, type InboxHost } from "./inbox.ts";
import type { Link, LinkTraits } from "./link.ts";
import type { OpenSession, SessionNode } from "./node.ts";
import { Outbox, type OutboxHost } from "./outbox.ts";
import { Rates } from "./rates.ts";
import { connectionExpiry } from "./renewal.ts";
import type { Reply, SessionEvent } from "./reply.ts";
import { reasonOf } from "../ports/log.ts";
import { toError } from "./rules.ts";
import { Sequencer } from "./sequencer.ts";
import { enter, type Entry, subscribeLive, unsubscribeLive, welcome } from "./server-side.ts";
import { checkUser, countUser } from "./users.ts";

type Caller = Omit<ConnectRequest, "session" | "token" | "claims" | "data">;
type State = "new" | "connecting" | "open" | "refused" | "closed";

export class Session
  implements Subscriber, Context, CallHost, OpenSession, OutboxHost, InboxHost, HeartbeatHost, Reader, Due
{
  readonly id: SessionId;
  readonly node: SessionNode;
  readonly subscriber: Subscriber = this;
  readonly subscriptions: Map<string, Granted> = new Map();
  given: Map<string, Given> | null = null;
  readonly rates: Rates;
  readonly link: Link;
  /** Until its connect comes, and no longer: what a browser sends along with a request is large. */
  #request: Caller | null;
  readonly outbox: Outbox;
  queue: Queue = "none";
  abandoned = 0;
  dueAt: DueAt | null = null;
  dueSlot = 0;
  readonly #inbox: Inbox = new Inbox(this);
  readonly #sequencer = new Sequencer();
  // Made when they are needed: most connections make no calls and have no token that expires.
  #calls: Calls | null = null;
  #expiry: Expiry | null = null;
  #heartbeat: Heartbeat | null = null;
  #state: State = "new";
  identity: Identified = nobody;
  tokenUser = "";
  #isFull = false;
  /** Nothing but publications has happened since a write that left nothing: then a write has nobody else to tell. */
  #isQuiet = false;
  /** What becomes of who goes on after a connect that was refused. */
  #followed: "bad_request" | "server_error" = "bad_request";
  /** Lets the large reply go on that waits for room. */
  #roomy: (() => void) | null = null;

  constructor(node: SessionNode, link: Link, request: Caller) {
    this.id = node.random.token(132);
    this.node = node;
    this.link = link;
    this.#request = request;
    this.rates = node.rates ?? new Rates(node, node.isRated(request));
    this.outbox = new Outbox(node.limits, this);
    node.hub.wheel.schedule(this, node.limits.firstCommandMs);
  }

  get calls(): Calls {
    return (this.#calls ??= new Calls(this));
  }

  get expiry(): Expiry {
    return (this.#expiry ??= connectionExpiry(this));
  }

  get traits(): LinkTraits {
    return this.link.traits;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  get #isClosed(): boolean {
    return this.#state === "closed";
  }

  get isCrowded(): boolean {
    return this.outbox.isCrowded;
  }

  get isHeld(): boolean {
    return this.#inbox.isHeld || this.link.isLate;
  }

  rule(): RuleContext {
    return ruleContext(this.id, this.identity, this.link.traits.encoder.id);
  }

  subscribe(channel: string, terms: LiveTerms = {}): Promise<boolean> {
    return this.#sequencer.answer(channelKey(channel), () => subscribeLive(this, channel, terms));
  }

  expireAt(seconds: number | null): void {
    this.expiry.set(seconds);
  }

  unsubscribe(channel: string): Promise<boolean> {
    return this.#sequencer.answer(channelKey(channel), () => unsubscribeLive(this, channel));
  }

  /** The commands of one frame, in order. */
  receive(commands: readonly Command[]): void {
    if (this.#state === "refused") return this.close(this.#followed, "connect was refused; nothing may follow it");
    for (const command of commands) this.obey(command);
  }

  /** The dialect could not read a frame. */
  malformed(problem: string): void {
    this.node.metrics.add("bad_frames");
    this.close("bad_request", problem);
  }

  /** The transport's own pong; unlike a dialect's, one that nobody asked for is no fault (RFC 6455 §5.5.3). */
  pong(): void {
    this.#heartbeat?.pong();
  }

  /** The link takes bytes again. */
  writable(): void {
    if (this.#state === "closed") return;
    this.#isFull = false;
    this.#isQuiet = false;
    this.#heartbeat?.left();
    if (!this.outbox.isEmpty) this.node.hub.delivery.wake(this, true);
  }

  ready(source: Pullable): void {
    if (this.#state === "closed") return;
    this.outbox.putSource(source);
    if (!this.#isFull) this.node.hub.delivery.wake(this, source.isUrgent);
  }

  flush(): boolean {
    try {
      return this.#flush();
    } catch (thrown) {
      // One client's bytes could not be made; the others of this turn must not pay for it.
      this.node.log.error("a session could not write", { reason: reasonOf(thrown) });
      this.outbox.clear();
      this.close("server_error");
      return false;
    }
  }

  ping(): void {
    const frame = this.link.event({ kind: "ping" });
    this.#isQuiet = false;
    if (frame !== null) this.outbox.putFirst(frame);
    if (!this.#isFull) this.node.hub.delivery.wake(this, true);
  }

  /** The wheel's: it has not connected in time. */
  due(): void {
    this.node.metrics.hit("firstCommandMs");
    this.close("stale", "no connect came in time");
  }

  gap(source: Pullable, gap: Gap): ReturnType<typeof tellGap> {
    return tellGap(this, this.link, { source, gap });
  }

  end(channel: string, reason: UnsubscribeReasonName): void {
    this.given?.delete(channel);
    const subscription = this.subscriptions.get(channel);
    if (subscription === undefined) return;
    // An event of the server's own making: when too many of them wait, the client is too slow.
    if (this.outbox.isCrowded) return closeCrowded(this);
    const page = this.#isFull ? [] : this.outbox.pullNow(subscription.cursor);
    for (const frame of page) this.#put(frame);
    // Unless that page was a gap, which has ended it.
    if (!this.subscriptions.delete(channel)) return;
    subscription.close();
    // A dialect of one channel has no word for it but the end.
    if (!this.tell({ kind: "unsubscribed", channel, reason })) this.close("denied", "unsubscribed by the server");
  }

  tell(event: SessionEvent): boolean {
    const frame = this.link.event(event);
    if (frame !== null) this.#put(frame);
    return frame !== null;
  }

  room(): Promise<void> {
    if (!this.outbox.isCrowded) return Promise.resolve();
    return new Promise((resolve) => (this.#roomy = resolve));
  }

  tellMembers(channel: string): boolean {
    this.#isQuiet = false;
    return this.outbox.advance(this.subscriptions.get(channel)?.members ?? null);
  }

  reply(reply: Reply): void {
    const frame = this.#state === "closed" ? null : this.link.reply(reply);
    if (frame === null) return;
    const most = this.node.limits.replyBytes;
    if (frame.length <= most) return this.#put(frame);
    this.node.metrics.hit("replyBytes");
    this.refuse(reply.id, refusal("limit_exceeded", `a reply has at most ${most} bytes`));
  }

  refuse(id: CommandId, error: TidewireError): void {
    this.reply({ kind: "error", id, error });
  }

  /** Ends the connection. The newest page of what is ready goes out before, when the socket takes it. */
  close(reason: Closing, detail?: string): void {
    if (this.#state === "closed") return;
    this.#inbox.clear();
    // A refusal that waits too: without it the client would take the end for its own fault.
    if (this.#state === "open" || this.#state === "refused") this.flush();
    // What could not be written may have ended it.
    if (this.#isClosed) return;
    this.node.metrics.add(reason instanceof Disconnect ? "closed_application" : `closed_${reason}`);
    this.closed(reason instanceof Disconnect ? "application" : reason);
    this.link.close(reason, detail);
  }

  /** Cuts the socket without a word, as a broken network does. */
  cut(): void {
    this.closed("cut");
    this.link.cut();
  }

  /** The connection has ended, whoever ended it. @param why Is told to the outside. */
  closed(why = "lost"): void {
    if (this.#state === "closed") return;
    const wasConnected = this.#state === "open";
    this.#state = "closed";
    this.#request = null;
    this.node.hub.wheel.cancel(this);
    this.#heartbeat?.stop();
    this.#expiry?.stop();
    this.#calls?.end();
    for (const subscription of this.subscriptions.values()) subscription.close();
    this.subscriptions.clear();
    this.outbox.clear();
    this.#inbox.clear();
    this.#roomy?.();
    if (!wasConnected) return;
    this.node.sessions.delete(this.id);
    countUser(this.node, this.identity.user, -1);
    this.node.facts?.closed(this.id, this.identity.user, why);
  }

  obey(command: Command): void {
    if (this.#state === "closed" || this.#state === "refused") return;
    if (command.kind === "pong" && this.#heartbeat?.pong() === true) return;
    if (command.kind === "pong") return this.close("bad_request", "a pong that no ping asked for");
    if (this.#state === "new") {
      if (command.kind !== "connect") return this.close("bad_request", `expected connect first, got ${command.kind}`);
      return this.#connect(command);
    }
    // Until connect is decided, whatever follows it waits: refused, it is ignored, a second connect too.
    const isDecided = this.#state !== "connecting";
    // What it names may be at work, while the answers before its own wait for the client.
    if (command.kind === "cancel" && isDecided && !this.#inbox.withdraw(command.call)) {
      this.#calls?.cancel(command.call);
    }
    if (command.kind === "connect" && isDecided) return this.close("bad_request", "connected already");
    if (command.kind === "connect" || !isDecided || this.#inbox.isBusy) {
      this.#isQuiet = false;
      return this.#inbox.put(command);
    }
    this.#start(command);
  }

  #start(command: Exclude<Command, { kind: "connect" | "pong" }>): void {
    if (command.kind === "send") return this.node.metrics.add("sends_dropped");
    this.#inbox.begun();
    this.#sequencer.run(keysOf(command), () => this.#run(command));
  }

  #run(command: Request): void | Promise<void> {
    const failed = (thrown: unknown): void => {
      this.#failed(command.id, thrown);
      this.#inbox.ended();
    };
    try {
      const running = this.#state === "open" ? handle(this, command) : undefined;
      return running === undefined ? this.#inbox.ended() : running.then(() => this.#inbox.ended(), failed);
    } catch (thrown) {
      failed(thrown);
    }
  }

  #failed(id: CommandId, thrown: unknown): void {
    if (thrown instanceof CloseError) this.close(thrown.reason, thrown.message);
    else if (thrown instanceof Disconnect) this.close(thrown);
    else this.refuse(id, toError(this.node, thrown));
  }

  #connect(command: CommandOf<"connect">): void {
    const request = this.#request;
    if (request === null) return;
    this.#request = null;
    this.#state = "connecting";
    enter(this, { ...request, session: this.id, token: command.token, claims: null, data: command.data }, command).then(
      (entry) => this.#connected(command, entry),
      (thrown: unknown) => this.#refused(command, thrown),
    );
  }

  #connected(command: CommandOf<"connect">, entry: Entry): void {
    const { node } = this;
    const { identity, expiresAt } = entry;
    try {
      // Others of this user may have come while its subscriptions were opened.
      if (this.#state === "connecting") checkUser(node, identity.user);
    } catch (thrown) {
      this.#failed(command.id, thrown);
    }
    if (this.#state !== "connecting") {
      for (const subscription of entry.subscriptions.values()) subscription.close();
      return;
    }
    this.identity = identity;
    this.tokenUser = entry.tokenUser;
    for (const [channel, subscription] of entry.subscriptions) {
      this.subscriptions.set(channel, subscription);
      give(this, channel, subscription);
    }
    this.#state = "open";
    node.hub.wheel.cancel(this);
    node.sessions.set(this.id, this);
    countUser(node, identity.user, 1);
    // A request is no connection to anybody but us.
    if (this.traits.dialect !== "raw-request") node.facts?.opened(this.id, identity.user);
    node.metrics.add("connected");
    this.#heartbeat = heartbeatOf(node, this);
    if (expiresAt !== null) this.expiry.set(expiresAt);
    this.reply(welcome(this, command.id, entry));
    // The reply is queued: from here publications may follow it (S10).
    for (const subscription of this.subscriptions.values()) subscription.release();
    this.#inbox.admit();
  }

  /** What else was in that frame is ignored; a further frame ends the connection, and so does time. */
  #refused(command: CommandOf<"connect">, thrown: unknown): void {
    if (this.#state !== "connecting") return;
    this.#failed(command.id, thrown);
    // Unless that was the end of it.
    if (this.#isClosed) return;
    this.#state = "refused";
    // What follows may have been sent before the refusal was read: whoever may try again is not sent away for good.
    if (!(thrown instanceof TidewireError) || thrown.temporary) this.#followed = "server_error";
    this.#inbox.refuse();
  }

  #flush(): boolean {
    if (this.#isFull || this.#state === "closed") return false;
    const frames = this.outbox.take(this.link.pageBytes);
    if (frames.length === 0) return !this.outbox.isEmpty;
    this.#isFull = this.link.write(frames) === "full";
    if (this.#isFull || !this.#isQuiet) this.#written();
    return !this.#isFull && !this.outbox.isEmpty;
  }

  /** Tells everybody who waits for a write. */
  #written(): void {
    if (this.#isFull) this.#heartbeat?.full();
    else this.#heartbeat?.left();
    this.#calls?.drain();
    if (this.outbox.isRelieved) this.#roomy?.();
    this.#inbox.relieve();
    this.#isQuiet = !this.#isFull && this.outbox.isEmpty && !this.#inbox.isHeld;
  }

  #put(frame: Uint8Array): void {
    this.#isQuiet = false;
    this.outbox.putControl(frame);
    if (!this.#isFull) this.node.hub.delivery.wake(this, true);
  }
}
