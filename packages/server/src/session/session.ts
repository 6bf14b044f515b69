// A session: one client's state, from its first command to its last byte.
//
//   new ─► connecting ─► open ─► closed
//             └─► refused ─► closed      (a connect that was answered with an error)
import {
  type CloseReasonName,
  type Member,
  type SessionId,
  TidewireError,
  type UnsubscribeReasonName,
} from "@tidewire/protocol";
import type { ChannelRuleContext, ConnectRequest, Identity, RuleContext } from "../access.ts";
import type { Known } from "../hub/channel.ts";
import { Slot } from "../hub/delivery.ts";
import type { Encoder } from "../hub/encoder.ts";
import type { Subscription } from "../hub/hub.ts";
import type { Pullable, Pulled, Subscriber } from "../hub/subscriber.ts";
import type { Command, CommandId, CommandOf } from "./command.ts";
import { handle, keysOf, type Request } from "./commands/table.ts";
import type { Context } from "./context.ts";
import { Heartbeat } from "./heartbeat.ts";
import { identify, nobody } from "./identify.ts";
import type { Link } from "./link.ts";
import type { OpenSession, SessionNode } from "./node.ts";
import { Outbox } from "./outbox.ts";
import { Rates } from "./rates.ts";
import type { Reply } from "./reply.ts";
import { reasonOf } from "../ports/log.ts";
import { toError } from "./rules.ts";
import { Sequencer } from "./sequencer.ts";

type State = "new" | "connecting" | "open" | "refused" | "closed";

export class Session implements Subscriber, Context, OpenSession {
  readonly id: SessionId;
  readonly node: SessionNode;
  readonly subscriptions: Map<string, Subscription> = new Map();
  readonly rates: Rates;
  readonly #link: Link;
  readonly #request: Omit<ConnectRequest, "token" | "data">;
  readonly #outbox: Outbox;
  readonly #slot: Slot;
  readonly #sequencer = new Sequencer();
  readonly #abort = new AbortController();
  /** Closes a connection that has not connected in time. */
  readonly #stale = { due: (): void => this.close("stale", "no connect came in time") };
  #heartbeat: Heartbeat | null = null;
  #state: State = "new";
  #identity: Identity = nobody;
  #isFull = false;
  /** Commands that wait: for connect, or for the client to read its replies. */
  #inbox: Command[] = [];
  /** Commands that were begun, or wait for earlier ones. */
  #running = 0;
  /** Lets the large reply go on that waits for room. */
  #roomy: (() => void) | null = null;
  #isHeld = false;

  constructor(node: SessionNode, link: Link, request: Omit<ConnectRequest, "token" | "data">) {
    this.id = node.random.token(132);
    this.node = node;
    this.#link = link;
    this.#request = request;
    this.rates = new Rates(node.limits, node.clock, node.isRated({ ...request, token: "", data: null }));
    this.#outbox = new Outbox(node.limits, (source, gap) => this.#onGap(source, gap));
    this.#slot = new Slot(this);
    node.hub.wheel.schedule(this.#stale, node.limits.firstCommandMs);
  }

  get subscriber(): Subscriber {
    return this;
  }

  get encoder(): Encoder {
    return this.#link.traits.encoder;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get identity(): Identity {
    return this.#identity;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  rule(): RuleContext {
    return { session: this.id, user: this.#identity.user, info: this.#identity.info };
  }

  channelRule(channel: string, known: Known): ChannelRuleContext {
    return { ...this.rule(), channel, definition: known.definition, params: known.params };
  }

  member(): Member {
    const { user, info } = this.#identity;
    return info === undefined ? { session: this.id, user } : { session: this.id, user, info };
  }

  /** The commands of one frame, in order. */
  receive(commands: readonly Command[]): void {
    if (this.#state === "refused") return this.close("bad_request", "connect was refused; nothing may follow it");
    for (const command of commands) this.#accept(command);
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
    this.#heartbeat?.left();
    if (!this.#outbox.isEmpty) this.node.hub.delivery.wake(this.#slot, true);
  }

  ready(source: Pullable): void {
    if (this.#state === "closed") return;
    this.#outbox.putSource(source);
    if (!this.#isFull) this.node.hub.delivery.wake(this.#slot, source.isUrgent);
  }

  flush(): boolean {
    try {
      return this.#flush();
    } catch (thrown) {
      // One client's bytes could not be made; the others of this turn must not pay for it.
      this.node.log.error("a session could not write", { reason: reasonOf(thrown) });
      this.#outbox.clear();
      this.close("server_error");
      return false;
    }
  }

  end(channel: string, reason: UnsubscribeReasonName): void {
    const subscription = this.subscriptions.get(channel);
    if (subscription === undefined) return;
    // An event of the server's own making: when too many of them wait, the client is too slow.
    if (this.#outbox.isCrowded) return this.close("slow", "too many events wait for it");
    const page = this.#isFull ? [] : this.#outbox.pullNow(subscription.cursor);
    for (const frame of page) this.#queue(frame);
    // Unless that page was a gap, which has ended it.
    if (!this.subscriptions.delete(channel)) return;
    subscription.close();
    const frame = this.#link.event({ kind: "unsubscribed", channel, reason });
    if (frame !== null) this.#queue(frame);
  }

  room(): Promise<void> {
    if (!this.#outbox.isCrowded) return Promise.resolve();
    return new Promise((resolve) => (this.#roomy = resolve));
  }

  reply(reply: Reply): void {
    if (this.#state === "closed") return;
    const frame = this.#link.reply(reply);
    if (frame === null) return;
    if (frame.length > this.node.limits.replyBytes) {
      const most = this.node.limits.replyBytes;
      return this.refuse(reply.id, new TidewireError("limit_exceeded", `a reply has at most ${most} bytes`));
    }
    this.#queue(frame);
  }

  refuse(id: CommandId, error: TidewireError): void {
    this.reply({ kind: "error", id, error });
  }

  /** Ends the connection. The newest page of what is ready goes out before, when the socket takes it. */
  close(reason: CloseReasonName, detail?: string): void {
    if (this.#state === "closed") return;
    this.#inbox = [];
    if (this.#state === "open") this.flush();
    // What could not be written may have ended it.
    if (this.#abort.signal.aborted) return;
    this.node.metrics.add(`closed_${reason}`);
    const link = this.#link;
    this.closed();
    link.close(reason, detail);
  }

  /** Cuts the socket without a word, as a broken network does. */
  cut(): void {
    const link = this.#link;
    this.closed();
    link.cut();
  }

  /** The connection has ended, whoever ended it. */
  closed(): void {
    if (this.#state === "closed") return;
    const wasConnected = this.#state === "open";
    this.#state = "closed";
    this.node.hub.wheel.cancel(this.#stale);
    this.#heartbeat?.stop();
    this.#abort.abort();
    for (const subscription of this.subscriptions.values()) subscription.close();
    this.subscriptions.clear();
    this.#outbox.clear();
    this.#inbox = [];
    this.#roomy?.();
    if (!wasConnected) return;
    this.node.sessions.delete(this.id);
    this.#countUser(-1);
  }

  #accept(command: Command): void {
    if (this.#state === "closed" || this.#state === "refused") return;
    if (command.kind === "pong") return this.#expectedPong();
    if (this.#state === "new") {
      if (command.kind !== "connect") return this.close("bad_request", `expected connect first, got ${command.kind}`);
      return this.#connect(command);
    }
    // Until connect is decided, whatever follows it waits: refused, it is ignored, a second connect too.
    const isDecided = this.#state !== "connecting";
    if (command.kind === "connect" && isDecided) return this.close("bad_request", "connected already");
    if (command.kind === "connect" || !isDecided || this.#isBusy()) {
      this.#inbox.push(command);
      if (this.#state === "open" || this.#inbox.length >= this.node.limits.controlFrames) this.#hold(true);
      return;
    }
    this.#start(command);
  }

  #start(command: Exclude<Command, { kind: "connect" | "pong" }>): void {
    if (command.kind === "send") return this.node.metrics.add("sends_dropped");
    this.#running += 1;
    this.#sequencer.run(keysOf(command), () => this.#run(command));
  }

  #run(command: Request): void | Promise<void> {
    try {
      const running = this.#state === "open" ? handle(this, command) : undefined;
      if (running === undefined) return this.#ended();
      return running
        .catch((thrown: unknown) => this.refuse(command.id, toError(this.node, thrown)))
        .finally(() => this.#ended());
    } catch (thrown) {
      this.refuse(command.id, toError(this.node, thrown));
      this.#ended();
    }
  }

  #ended(): void {
    this.#running -= 1;
    if (this.#isHeld) this.#relieve();
  }

  #expectedPong(): void {
    if (this.#heartbeat?.pong() !== true) this.close("bad_request", "a pong that no ping asked for");
  }

  #connect(command: CommandOf<"connect">): void {
    this.#state = "connecting";
    identify(this.node, { ...this.#request, token: command.token, data: command.data }).then(
      (identity) => this.#connected(command, identity),
      (thrown: unknown) => this.#refused(command, toError(this.node, thrown)),
    );
  }

  #connected(command: CommandOf<"connect">, identity: Identity): void {
    if (this.#state !== "connecting") return;
    const { node } = this;
    if (identity.user !== "" && (node.users.get(identity.user) ?? 0) >= node.limits.connectionsPerUser) {
      return this.close("connection_limit", `a user has at most ${node.limits.connectionsPerUser} connections`);
    }
    this.#identity = identity;
    this.#state = "open";
    node.hub.wheel.cancel(this.#stale);
    node.sessions.set(this.id, this);
    this.#countUser(1);
    node.metrics.add("connected");
    this.#heartbeat = this.#startHeartbeat();
    const { pingIntervalMs } = node.limits;
    this.reply({ kind: "connected", id: command.id, session: this.id, data: identity.data, pingIntervalMs });
    const waiting = this.#inbox;
    this.#inbox = [];
    this.#hold(false);
    for (const later of waiting) this.#accept(later);
  }

  /** What else was in that frame is ignored; a further frame ends the connection, and so does time. */
  #refused(command: CommandOf<"connect">, error: TidewireError): void {
    if (this.#state !== "connecting") return;
    this.refuse(command.id, error);
    this.#state = "refused";
    this.#inbox = [];
    this.#hold(false);
  }

  #startHeartbeat(): Heartbeat {
    const { hub, clock, random, limits } = this.node;
    return new Heartbeat({
      clock,
      wheel: hub.wheel,
      pingIntervalMs: limits.pingIntervalMs,
      pongTimeoutMs: limits.pongTimeoutMs,
      stalledMs: limits.stalledMs,
      firstPingMs: limits.pingIntervalMs * (0.5 + random.fraction() / 2),
      ping: () => {
        const frame = this.#link.event({ kind: "ping" });
        if (frame !== null) this.#outbox.putFirst(frame);
        if (!this.#isFull) hub.delivery.wake(this.#slot, true);
      },
      close: (reason, detail) => this.close(reason, detail),
      traffic: () => this.#link.traffic(),
      isHeld: () => this.#isHeld,
    });
  }

  #flush(): boolean {
    if (this.#isFull || this.#state === "closed") return false;
    const frames = this.#outbox.take();
    if (frames.length === 0) return !this.#outbox.isEmpty;
    this.#isFull = this.#link.write(frames) === "full";
    if (this.#isFull) this.#heartbeat?.full();
    else this.#heartbeat?.left();
    if (this.#outbox.isRelieved) this.#roomy?.();
    if (this.#isHeld) this.#relieve();
    return !this.#isFull && !this.#outbox.isEmpty;
  }

  #countUser(change: 1 | -1): void {
    const { user } = this.#identity;
    if (user === "") return;
    const count = (this.node.users.get(user) ?? 0) + change;
    if (count === 0) this.node.users.delete(user);
    else this.node.users.set(user, count);
  }

  #queue(frame: Uint8Array): void {
    this.#outbox.putControl(frame);
    if (!this.#isFull) this.node.hub.delivery.wake(this.#slot, true);
  }

  #onGap(source: Pullable, gap: Extract<Pulled, { kind: "gap" }>): { frame: Uint8Array | null; goesOn: boolean } {
    this.node.metrics.add("gaps");
    const { channel } = source;
    if (gap.skipped !== null) {
      return { frame: this.#link.event({ kind: "skipped", channel, count: gap.skipped }), goesOn: true };
    }
    if (this.#link.traits.onGap === "continue") {
      return { frame: this.#link.event({ kind: "gap", channel, position: gap.to }), goesOn: true };
    }
    // Nothing newer may follow the gap, not even until the client has been told.
    this.subscriptions.get(channel)?.close();
    this.subscriptions.delete(channel);
    if (this.#link.traits.onGap === "close") {
      // Not from within a flush: what it has taken so far is written first.
      this.node.clock.defer(() => this.close("insufficient_state", "publications were lost"));
      return { frame: null, goesOn: false };
    }
    return { frame: this.#link.event({ kind: "unsubscribed", channel, reason: "insufficient_state" }), goesOn: false };
  }

  /** Whether the client must read before more of its commands are obeyed. */
  #isBusy(): boolean {
    return this.#isHeld || this.#outbox.isCrowded || this.#running >= this.node.limits.controlFrames;
  }

  #hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld) return;
    this.#isHeld = isHeld;
    this.node.metrics.add(isHeld ? "reading_held" : "reading_resumed");
    this.#link.hold(isHeld);
  }

  #relieve(): void {
    if (this.#state !== "open" || !this.#outbox.isRelieved || this.#running > this.node.limits.controlFrames / 2)
      return;
    this.#isHeld = false;
    const waiting = this.#inbox;
    this.#inbox = [];
    for (const [index, command] of waiting.entries()) {
      if (this.#isBusy()) {
        this.#inbox = [...waiting.slice(index), ...this.#inbox];
        break;
      }
      this.#accept(command);
    }
    if (this.#inbox.length > 0) this.#isHeld = true;
    else this.#link.hold(false);
  }
}
