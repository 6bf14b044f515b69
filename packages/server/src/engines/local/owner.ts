// The owner: one process that has the log, for workers on the same machine that speak the engine contract to it.
import { createServer, type Server, type Socket } from "node:net";
import { rmSync } from "node:fs";
import type { Member, Position, SessionId } from "@tidewire/protocol";
import type { Engine, EngineSink, Publication } from "../../engine/engine.ts";
import { type Cancel, type Clock, systemClock } from "../../ports/clock.ts";
import { type Log, silentLog } from "../../ports/log.ts";
import { type Random, systemRandom } from "../../ports/random.ts";
import { listenAt } from "./address.ts";
import { Leases } from "./leases.ts";
import { bareOf, type MembersNews, protocolVersion, type Word } from "./messages.ts";
import { Questions } from "./questions.ts";
import { encodeRecord } from "./records.ts";
import { Roll } from "./roll.ts";
import { type Office, ServedWorker } from "./served-worker.ts";

/** What an owner keeps, and where it is met. */
export interface LocalOwnerOptions {
  /** What keeps the log: any engine. The owner starts and stops it. */
  readonly engine: Engine;
  /**
   * The socket's path, in a folder that only this user may enter; it is made if it is not there. On Windows the name of
   * a pipe, `\\.\pipe\…`.
   */
  readonly path: string;
  /** Default: says nothing. */
  readonly log?: Log;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: the operating system's. */
  readonly random?: Random;
}

/** The process that keeps the log of all workers of one machine. */
export interface LocalOwner {
  /** @throws {TidewireError} `engine_unavailable`: the engine's own words, or another process owns the log. */
  start(): Promise<void>;
  /** Finishes what was accepted, then closes the engine and leaves the workers. */
  stop(): Promise<void>;
  /** Workers that said hello. */
  readonly workers: number;
  /** Lines that were cut since what came was no worker's. */
  readonly refused: number;
}

/** More processes than a machine has cores make no sense; that they are many helps nobody who means harm. */
const mostLines = 1_024;
const tickMs = 1_000;
/** Without a word for so many ticks a worker is gone: its members leave, its leases go to others. It says one twice a second. */
const quietTicks = 10;
/** Fences of different owners are of different ranges. */
const fences = 2 ** 20;

/** Makes the owner of a log that several processes of this machine share; they meet it by `localEngine`. */
export function localOwner(options: LocalOwnerOptions): LocalOwner {
  return new Owner(options);
}

class Owner implements LocalOwner, Office, EngineSink {
  readonly engine: Engine;
  readonly #path: string;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #server: Server;
  readonly #lines = new Set<ServedWorker>();
  readonly #nodes = new Map<string, ServedWorker>();
  readonly #followers = new Map<string, Set<ServedWorker>>();
  readonly #watchers = new Map<string, Set<ServedWorker>>();
  readonly #roll = new Roll<ServedWorker>();
  readonly #leases: Leases<ServedWorker>;
  readonly #questions: Questions<ServedWorker>;
  #refused = 0;
  #isUp = true;
  #cancelTick: Cancel = () => undefined;

  constructor({ engine, path, log, clock, random }: LocalOwnerOptions) {
    this.engine = engine;
    this.#path = path;
    this.#log = log ?? silentLog;
    this.#clock = clock ?? systemClock;
    this.#leases = new Leases(this.#clock, Math.floor((random ?? systemRandom).fraction() * 2 ** 32) * fences);
    this.#questions = new Questions(this.#clock);
    this.#server = createServer((socket) => this.#accept(socket));
  }

  get workers(): number {
    return this.#nodes.size;
  }

  get refused(): number {
    return this.#refused;
  }

  async start(): Promise<void> {
    await this.engine.start(this);
    try {
      await listenAt(this.#server, this.#path);
    } catch (thrown) {
      await this.engine.stop();
      throw thrown;
    }
    this.#tick();
  }

  async stop(): Promise<void> {
    this.#cancelTick();
    if (this.#server.listening) {
      const closed = new Promise((resolve) => this.#server.once("close", resolve));
      this.#server.close();
      await this.engine.stop();
      // Answers that the engine gave as it ended are queued behind this turn.
      await new Promise<void>((resolve) => this.#clock.defer(resolve));
      for (const worker of this.#lines) worker.end();
      await closed;
      rmSync(this.#path, { force: true });
    } else await this.engine.stop();
  }

  announced(channel: string, epoch: string, publication: Publication): void {
    const followers = this.#followers.get(channel);
    if (followers === undefined) return;
    const header = { kind: "announced", channel, epoch, publication: bareOf(publication) };
    const record = encodeRecord(header, [publication.data]);
    for (const worker of followers) worker.tell(record);
  }

  suspect(channels: readonly string[] | "all"): void {
    for (const worker of this.#nodes.values()) {
      const its = channels === "all" ? channels : channels.filter((channel) => worker.followed.has(channel));
      if (its.length > 0) worker.say({ kind: "suspect", channels: its });
    }
  }

  health(state: "up" | "down"): void {
    this.#isUp = state === "up";
    for (const worker of this.#nodes.values()) worker.say({ kind: "health", state });
  }

  enter(worker: ServedWorker, { version, node }: Extract<Word, { kind: "hello" }>): void {
    if (version !== protocolVersion) {
      worker.say({
        kind: "refused",
        message: `the owner of the log speaks version ${protocolVersion}, not ${version}`,
      });
      worker.end();
      this.#refuse(`expected version ${protocolVersion}, got ${version}`);
      return;
    }
    // Its line broke, and the news of that is late.
    this.#nodes.get(node)?.cut();
    worker.node = node;
    this.#nodes.set(node, worker);
    const { durability, survivesRestart } = this.engine.traits;
    worker.say({ kind: "welcome", traits: { durability, survivesRestart }, isUp: this.#isUp });
  }

  async follow(worker: ServedWorker, channel: string): Promise<Position> {
    let followers = this.#followers.get(channel);
    if (followers === undefined) {
      followers = new Set();
      this.#followers.set(channel, followers);
    }
    followers.add(worker);
    worker.followed.add(channel);
    try {
      return await this.engine.follow(channel);
    } catch (thrown) {
      this.unfollow(worker, channel);
      throw thrown;
    }
  }

  unfollow(worker: ServedWorker, channel: string): void {
    worker.followed.delete(channel);
    const followers = this.#followers.get(channel);
    if (followers === undefined || !followers.delete(worker) || followers.size > 0) return;
    this.#followers.delete(channel);
    this.engine.unfollow(channel);
  }

  join(worker: ServedWorker, { channel, member }: Extract<Word, { kind: "join" }>): void {
    this.#roll.add(worker, channel, member);
    this.#tellOthers(worker, channel, { kind: "join", member });
  }

  leave(worker: ServedWorker, { channel, session }: Extract<Word, { kind: "leave" }>): void {
    if (this.#roll.remove(worker, channel, session)) this.#tellOthers(worker, channel, { kind: "leave", session });
  }

  members(worker: ServedWorker, channel: string): readonly Member[] {
    return this.#roll.others(worker, channel);
  }

  watch(worker: ServedWorker, channel: string): readonly Member[] {
    const watchers = this.#watchers.get(channel) ?? new Set();
    this.#watchers.set(channel, watchers.add(worker));
    worker.watched.add(channel);
    return this.members(worker, channel);
  }

  unwatch(worker: ServedWorker, channel: string): void {
    worker.watched.delete(channel);
    const watchers = this.#watchers.get(channel);
    if (watchers?.delete(worker) === true && watchers.size === 0) this.#watchers.delete(channel);
  }

  take(worker: ServedWorker, channel: string, ttlMs: number): number | null {
    return this.#leases.take(channel, worker, ttlMs);
  }

  release(worker: ServedWorker, channel: string): void {
    this.#leases.release(channel, worker);
  }

  isCurrent(channel: string, fence: number): boolean {
    return this.#leases.isCurrent(channel, fence);
  }

  async ask(worker: ServedWorker, node: string | null, question: Uint8Array): Promise<readonly Uint8Array[]> {
    const asked = [...this.#nodes.values()].filter(
      (other) => other !== worker && (node === null || other.node === node),
    );
    const answers = asked.map((other) =>
      this.#questions.ask(other, (n) => other.say({ kind: "question", n }, [question])),
    );
    return (await Promise.all(answers)).filter((answer) => answer !== null);
  }

  answered(worker: ServedWorker, n: number, answer: Uint8Array | null): void {
    this.#questions.answered(worker, n, answer);
  }

  gone(worker: ServedWorker, fault: string | null): void {
    this.#lines.delete(worker);
    if (fault !== null) this.#refuse(fault);
    if (worker.node === null) return;
    if (this.#nodes.get(worker.node) === worker) this.#nodes.delete(worker.node);
    for (const channel of worker.followed) this.unfollow(worker, channel);
    for (const channel of worker.watched) this.unwatch(worker, channel);
    this.#questions.gone(worker);
    this.#leases.gone(worker);
    for (const [channel, sessions] of this.#roll.of(worker)) {
      for (const session of sessions) this.#left(worker, channel, session);
    }
  }

  #left(worker: ServedWorker, channel: string, session: SessionId): void {
    this.leave(worker, { kind: "leave", channel, session });
  }

  #tellOthers(worker: ServedWorker, channel: string, news: MembersNews): void {
    const watchers = this.#watchers.get(channel);
    if (watchers === undefined || (watchers.size === 1 && watchers.has(worker))) return;
    const record = encodeRecord({ kind: "members", channel, news });
    for (const other of watchers) if (other !== worker) other.tell(record);
  }

  #accept(socket: Socket): void {
    if (this.#lines.size >= mostLines) {
      this.#refuse(`at most ${mostLines} workers were expected`);
      socket.destroy();
      return;
    }
    this.#lines.add(new ServedWorker(socket, this.#clock, this));
  }

  #refuse(fault: string): void {
    this.#refused += 1;
    this.#log.warn("a line to the owner of the log was cut", { fault });
  }

  #tick(): void {
    this.#cancelTick = this.#clock.after(tickMs, () => {
      // Behind what came meanwhile: when this process was stopped for a while, nobody was quiet.
      this.#clock.defer(() => {
        for (const worker of this.#lines) {
          worker.quiet += 1;
          if (worker.quiet > quietTicks) worker.cut("a worker said nothing for 10 seconds");
        }
        this.#tick();
      });
    });
  }
}
