// The way to one server: a connection for commands and one for announcements. When either fails, both end.
import { fail, TidewireError } from "@tidewire/protocol";
import type { Cancel, Clock } from "../../ports/clock.ts";
import { reasonOf } from "../../ports/log.ts";
import { type Link, LinkLost } from "./link.ts";
import type { RedisArgument, RedisClient, RedisConnection } from "./redis-client.ts";
import type { Scripts } from "./script/script.ts";
import { type ServerFacts, readFacts } from "./server-facts.ts";

export interface ServerLinkOptions {
  readonly client: RedisClient;
  readonly scripts: Scripts;
  readonly clock: Clock;
  readonly isDurable: boolean;
  /** Whether another server may take its place, which has less. */
  readonly isReplaceable?: boolean;
  /** Told once, unless it was closed: nothing more comes. */
  readonly lost: (reason: string) => void;
  /** Told of announcements that another server of the cluster has from now on. */
  readonly moved?: (name: string) => void;
}

interface Waiting {
  readonly turn: number;
  readonly reject: (thrown: Error) => void;
}

interface Call {
  readonly sha: string;
  readonly lane: string;
  readonly args: readonly RedisArgument[];
  readonly resolve: (reply: unknown) => void;
  readonly reject: (thrown: unknown) => void;
}

/** Turns are counted rather than time, so that a process that was stopped for a while does not give all up at once. */
const turnMs = 400;
/** A command without an answer for so many turns, less than two seconds, is given up, and the link with it. */
const mostTurns = 4;
/** Evaluations that may wait at once: above, Redis is slower than its publishers. */
const mostWaiting = 50_000;
const openLimitMs = 5_000;
const bulkString = "$".charCodeAt(0);
const inBytes = { typeMapping: { [bulkString]: Buffer } };

interface OpenedServer {
  readonly link: ServerLink;
  readonly facts: ServerFacts;
}

export class ServerLink implements Link {
  readonly #options: ServerLinkOptions;
  readonly #commands: RedisConnection;
  readonly #news: RedisConnection;
  readonly #waiting = new Set<Waiting>();
  #turn = 0;
  #cancelTurn: Cancel = () => undefined;
  #isOver = false;
  /** Evaluations on their way, those that found no script, in their order, and those that wait behind them. */
  #evaluating = 0;
  #refused: Call[] = [];
  #held: Call[] = [];
  /** What Redis said to the refused ones. */
  #noScript: Error | null = null;
  #whenIdle: (() => void) | null = null;

  private constructor(options: ServerLinkOptions) {
    this.#options = options;
    this.#commands = options.client.duplicate();
    this.#news = options.client.duplicate();
    for (const each of [this.#commands, this.#news]) each.on("error", (error) => this.fail(reasonOf(error)));
    this.#news.on("sharded-channel-moved", (name) => {
      if (!this.#isOver) options.moved?.(name);
    });
    this.#turnLater();
  }

  /** @throws {TidewireError} `engine_unavailable`, in words for the operator. */
  static async open(options: ServerLinkOptions): Promise<OpenedServer> {
    let why = `no answer in ${openLimitMs} ms`;
    let cancel: Cancel = () => undefined;
    let giveUp: () => void = () => undefined;
    const failed = new Promise<never>((_resolve, reject) => {
      giveUp = () => reject(new TidewireError("engine_unavailable", `Redis cannot be reached: ${why}`));
    });
    const link = new ServerLink({
      ...options,
      lost: (reason) => {
        why = reason;
        giveUp();
        if (isOpen) options.lost(reason);
      },
    });
    let isOpen = false;
    cancel = options.clock.after(openLimitMs, giveUp);
    try {
      const facts = await Promise.race([link.#open(), failed]);
      isOpen = true;
      return { link, facts };
    } catch (thrown) {
      link.close();
      throw thrown instanceof TidewireError
        ? thrown
        : new TidewireError("engine_unavailable", `Redis cannot be used: ${reasonOf(thrown)}`);
    } finally {
      cancel();
      failed.catch(() => undefined);
    }
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  async facts(): Promise<ServerFacts> {
    const { isDurable, isReplaceable } = this.#options;
    const facts = await readFacts((args) => this.ask(args), isDurable);
    // An ack is good no longer than the server that gave it, whose replica may not have what it says (P2).
    return isReplaceable === true ? { ...facts, durability: "volatile" } : facts;
  }

  /** Some are to be evaluated before whatever comes next. */
  get #isInterrupted(): boolean {
    return this.#refused.length + this.#held.length > 0;
  }

  /** @throws {LinkLost} */
  ask(args: readonly string[]): Promise<unknown> {
    return this.#watched(this.#commands.sendCommand(args));
  }

  run(keys: readonly string[], args: readonly RedisArgument[]): Promise<unknown> {
    if (this.#waiting.size + this.#held.length >= mostWaiting) fail("overloaded", "too much waits for Redis already");
    const sha = this.#options.scripts.shaOf(String(args[0]));
    return new Promise((resolve, reject) => {
      const call = { sha, lane: keys[0] ?? "", args: [`${keys.length}`, ...keys, ...args], resolve, reject };
      if (this.#isInterrupted) this.#held.push(call);
      else this.#evaluate(call);
    });
  }

  async publish(name: string, bytes: Buffer): Promise<number> {
    if (this.#waiting.size + this.#held.length >= mostWaiting) fail("overloaded", "too much waits for Redis already");
    const heard = Number(await this.#watched(this.#commands.sendCommand(["SPUBLISH", name, bytes])));
    return Number.isSafeInteger(heard) ? heard : 0;
  }

  async subscribe(name: string, listener: (message: Buffer) => void): Promise<void> {
    await this.#watched(
      this.#news.sSubscribe(
        name,
        (message) => {
          if (!this.#isOver) listener(message);
        },
        true,
      ),
    );
  }

  async idle(): Promise<void> {
    if (this.#waiting.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
  }

  fail(reason: string): void {
    if (this.#isOver) return;
    this.close();
    this.#options.lost(reason);
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTurn();
    for (const connection of [this.#commands, this.#news]) destroy(connection);
    const lost = new LinkLost();
    for (const { reject } of this.#waiting) reject(lost);
    for (const { reject } of [...this.#refused, ...this.#held]) reject(lost);
    this.#waiting.clear();
    this.#whenIdle?.();
  }

  async #open(): Promise<ServerFacts> {
    await this.#watchedOpening(this.#commands.connect());
    const facts = await this.facts();
    await this.#load();
    await this.#watchedOpening(this.#news.connect());
    return facts;
  }

  /** A connect that failed has said so by an event, and may never settle. */
  async #watchedOpening(connecting: Promise<unknown>): Promise<void> {
    await connecting.catch((thrown: unknown) => this.fail(reasonOf(thrown)));
    if (this.#isOver) await new Promise<never>(() => undefined);
  }

  #load(): Promise<unknown> {
    const { texts } = this.#options.scripts;
    return Promise.all(texts.map((text) => this.#watched(this.#commands.sendCommand(["SCRIPT", "LOAD", text]))));
  }

  #evaluate(call: Call): void {
    this.#evaluating += 1;
    const sent = this.#commands.sendCommand(["EVALSHA", call.sha, ...call.args], inBytes);
    this.#watched(sent).then(
      (reply) => {
        this.#evaluating -= 1;
        this.#refuseOvertaken(call);
        call.resolve(reply);
        this.#reload();
      },
      (thrown: unknown) => {
        this.#evaluating -= 1;
        if (thrown instanceof Error && thrown.message.startsWith("NOSCRIPT")) {
          this.#noScript = thrown;
          this.#refused.push(call);
        } else call.reject(thrown);
        this.#reload();
      },
    );
  }

  /** Another node has given Redis the scripts meanwhile: what is done again would be behind what was said after it (P1). */
  #refuseOvertaken({ lane }: Call): void {
    if (this.#refused.length === 0) return;
    const overtaken = this.#refused.filter((refused) => refused.lane === lane);
    this.#refused = this.#refused.filter((refused) => refused.lane !== lane);
    for (const { reject } of overtaken) reject(this.#noScript);
  }

  /** Somebody made Redis forget the scripts: what it refused goes first, as it was said first (P1). */
  #reload(): void {
    if (!this.#isInterrupted || this.#evaluating > 0 || this.#isOver) return;
    this.#load().then(
      () => {
        const calls = [...this.#refused, ...this.#held];
        this.#refused = [];
        this.#held = [];
        for (const call of calls) this.#evaluate(call);
      },
      (thrown: unknown) => this.fail(reasonOf(thrown)),
    );
  }

  #watched<Reply>(sent: Promise<Reply>): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const waiting = { turn: this.#turn, reject };
      if (this.#isOver) reject(new LinkLost());
      else this.#waiting.add(waiting);
      sent.then(
        (reply) => {
          if (this.#answered(waiting)) resolve(reply);
        },
        (thrown: unknown) => {
          if (!isReply(thrown)) this.fail(reasonOf(thrown));
          else if (this.#answered(waiting)) reject(thrown);
        },
      );
    });
  }

  #answered(waiting: Waiting): boolean {
    if (!this.#waiting.delete(waiting)) return false;
    if (this.#waiting.size === 0) this.#whenIdle?.();
    return true;
  }

  #turnLater(): void {
    this.#cancelTurn = this.#options.clock.after(turnMs, () => {
      this.#turn += 1;
      const [oldest] = this.#waiting;
      if (oldest !== undefined && this.#turn - oldest.turn > mostTurns) this.fail("it does not answer");
      else if (!this.#isOver) this.#turnLater();
    });
  }
}

/** Redis' own errors begin with a code in capitals; all others say that there is no answer. */
function isReply(thrown: unknown): thrown is Error {
  return thrown instanceof Error && /^-?[A-Z][A-Z0-9]*( |$)/.test(thrown.message);
}

function destroy(connection: RedisConnection): void {
  try {
    connection.destroy();
  } catch {
    // One that was never open says so.
  }
}
