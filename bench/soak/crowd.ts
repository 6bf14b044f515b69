// The crowd of one load process: visitors who come and go, change what they read, and pause.
import { setTimeout as sleep } from "node:timers/promises";
import { attemptFailed, noAttempts, retryDelayMs } from "../../packages/client/src/backoff.ts";
import { counts as channelCounts } from "./channels.ts";
import { noCounts } from "./account.ts";
import type { CrowdOptions, CrowdReport, Storm, Tops } from "./talk.ts";
import { bump, type Town, Visitor } from "./visitor.ts";

const tickMs = 200;
/** Being connected at a time, at the beginning. */
const atATime = 50;
const longestAwayMs = 30_000;
const longestPauseMs = 30_000;
/** Who never reads is replaced after so long: by then the server has given it up. */
const deafMs = 100_000;
/** Of the crowd, in a second: how many change a channel, pause, or publish. */
const changing = 1 / 500;
const pausing = 1 / 1_000;
const publishing = 1 / 1_000;

interface Due {
  readonly atMs: number;
  act(): void;
}

const anyOf = (count: number): number => Math.floor(Math.random() * count);
const text = "x".repeat(60);

export class Crowd {
  readonly #town: Town;
  readonly #options: CrowdOptions;
  readonly #visitors: Visitor[] = [];
  readonly #deaf = new Set<Visitor>();
  readonly #paused = new Map<Visitor, string>();
  #due: Due[] = [];
  #owed = 0;
  #left = 0;
  #came = 0;
  #docs = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#town = {
      port: options.port,
      buffer: Buffer.alloc(65_536),
      counts: noCounts(),
      refusals: new Map(),
      endings: new Map(),
      lost: (visitor) => this.#lost(visitor),
    };
  }

  get report(): Omit<CrowdReport, "cpuShare" | "rssBytes"> {
    const { counts, refusals, endings } = this.#town;
    const open = this.#visitors.filter(({ isOpen }) => isOpen).length;
    return { counts, refusals, endings, open, left: this.#left, came: this.#came };
  }

  async fill(): Promise<void> {
    let left = this.#options.visitors;
    const line = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await this.#come();
      }
    };
    await Promise.all(Array.from({ length: atATime }, line));
    for (let deaf = 0; deaf < this.#options.deaf; deaf += 1) this.#comeDeaf();
  }

  live(): void {
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  /** Everybody is there, reads, and stays. */
  async rest(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    for (const [visitor, channel] of this.#paused) visitor.resume(channel);
    this.#paused.clear();
    for (const visitor of this.#deaf) visitor.vanish();
    this.#deaf.clear();
    await Promise.all(this.#visitors.filter(({ isOpen }) => !isOpen).map((visitor) => visitor.dial()));
  }

  /** They wait as Tidewire's own client does. */
  async storm(): Promise<Storm> {
    const { counts } = this.#town;
    const [beganMs, recovered] = [performance.now(), counts.recovered];
    let eligible = 0;
    for (const visitor of this.#visitors) {
      for (const { place } of visitor.accounts.values()) if (place !== null) eligible += 1;
      visitor.vanish();
    }
    const failures = await Promise.all(this.#visitors.map((visitor) => this.#return(visitor)));
    const failed = failures.reduce((sum, one) => sum + one, 0);
    const elapsedMs = Math.round(performance.now() - beganMs);
    return { elapsedMs, failed, eligible, recovered: counts.recovered - recovered };
  }

  lacking(tops: Tops): number {
    let sum = 0;
    for (const visitor of this.#visitors) {
      for (const account of visitor.accounts.values()) {
        const top = tops.get(account.channel);
        if (top !== undefined) sum += account.lacks(top);
      }
    }
    return sum;
  }

  /** @returns How many attempts failed. */
  async #return(visitor: Visitor): Promise<number> {
    let attempts = attemptFailed(noAttempts, 0);
    while (!visitor.isOpen) {
      await sleep(retryDelayMs(attempts, Math.random));
      await visitor.dial();
      if (!visitor.isOpen) attempts = attemptFailed(attempts, 0);
    }
    return attempts.failures - 1;
  }

  #tick(): void {
    const nowMs = performance.now();
    const due = this.#due.filter(({ atMs }) => atMs <= nowMs);
    this.#due = this.#due.filter(({ atMs }) => atMs > nowMs);
    for (const one of due) one.act();
    const perTick = tickMs / 1_000;
    this.#owed += this.#options.churn * perTick;
    for (; this.#owed >= 1; this.#owed -= 1) this.#go();
    const { length } = this.#visitors;
    this.#some(length * changing * perTick, (visitor) => this.#change(visitor));
    this.#some(length * pausing * perTick, (visitor) => this.#pause(visitor));
    this.#some(length * publishing * perTick, (visitor) => this.#publish(visitor));
  }

  #some(count: number, act: (visitor: Visitor) => void): void {
    const whole = Math.floor(count) + (Math.random() < count % 1 ? 1 : 0);
    for (let each = 0; each < whole; each += 1) {
      const visitor = this.#visitors[anyOf(this.#visitors.length)];
      if (visitor?.isOpen === true) act(visitor);
    }
  }

  #after(ms: number, act: () => void): void {
    this.#due.push({ atMs: performance.now() + ms, act });
  }

  #come(): Promise<void> {
    const channels = [`chat:${anyOf(channelCounts.chat)}`, this.#second()];
    const visitor = new Visitor(this.#town, `u${anyOf(1e12)}`, { wantsMembers: Math.random() < 0.5, channels });
    this.#visitors.push(visitor);
    return visitor.dial();
  }

  #second(): string {
    const which = Math.random();
    if (which < 0.4) return `typing:${anyOf(channelCounts.typing)}`;
    if (which < 0.7) return `market:${anyOf(channelCounts.market)}`;
    this.#docs += 1;
    return `doc:${process.pid}-${this.#docs}`;
  }

  #comeDeaf(): void {
    const channels = [`chat:${anyOf(channelCounts.chat)}`, "fire:0"];
    const visitor = new Visitor(this.#town, `u${anyOf(1e12)}`, { wantsMembers: true, channels });
    this.#deaf.add(visitor);
    visitor.dial().then(
      () => visitor.stall(),
      () => undefined,
    );
    this.#after(deafMs, () => {
      visitor.vanish();
      if (this.#deaf.delete(visitor)) this.#comeDeaf();
    });
  }

  /** One leaves, half of them without a word; half come back, and for each of the others somebody new comes. */
  #go(): void {
    const at = anyOf(this.#visitors.length);
    const visitor = this.#visitors[at];
    if (visitor?.isOpen !== true) return;
    this.#left += 1;
    this.#paused.delete(visitor);
    if (Math.random() < 0.5) visitor.leave();
    else visitor.vanish();
    const returns = Math.random() < 0.5;
    if (!returns) {
      this.#visitors.splice(at, 1);
      for (const account of visitor.accounts.values()) account.close();
    }
    this.#after(Math.random() * longestAwayMs, () => {
      this.#came += 1;
      (returns ? visitor.dial() : this.#come()).catch(() => undefined);
    });
  }

  #change(visitor: Visitor): void {
    const old = [...visitor.accounts.keys()].at(-1);
    if (old === undefined || this.#paused.has(visitor)) return;
    visitor.unsubscribe(old);
    visitor.subscribe(this.#second());
  }

  #pause(visitor: Visitor): void {
    const channel = [...visitor.accounts.keys()][anyOf(2)];
    if (channel === undefined || this.#paused.has(visitor)) return;
    visitor.pause(channel);
    this.#paused.set(visitor, channel);
    this.#after(Math.random() * longestPauseMs, () => {
      if (this.#paused.get(visitor) !== channel) return;
      this.#paused.delete(visitor);
      if (visitor.isOpen && visitor.accounts.has(channel)) visitor.resume(channel);
    });
  }

  #publish(visitor: Visitor): void {
    const channel = [...visitor.accounts.keys()].find((name) => name.startsWith("doc:"));
    if (channel !== undefined) visitor.publish(channel, { text });
  }

  #lost(visitor: Visitor): void {
    this.#paused.delete(visitor);
    // In a storm everybody sees to that alone.
    if (this.#timer === null || this.#deaf.has(visitor) || !this.#visitors.includes(visitor)) return;
    bump(this.#town.refusals, "came back");
    this.#after(Math.random() * 1_000, () => void visitor.dial());
  }
}
