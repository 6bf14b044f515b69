// The rounds of one section: everybody publishes and reads while one fault comes after the other, and each is judged when it is over.
import type { Position } from "@tidewire/protocol";
import { setTimeout as sleep } from "node:timers/promises";
import type { ChatOutcome, ChatPages } from "./chat-pages.ts";
import type { Dice } from "./dice.ts";
import type { FaultKind } from "./fault-kinds.ts";
import { type KeptLog, readLog } from "./kept-log.ts";
import { Ledger } from "./ledger.ts";
import { Publisher } from "./publisher.ts";
import type { Site } from "./site.ts";
import { Subscribers } from "./subscribers.ts";
import { type Faults, isNone, type Kind, kinds, sumOf } from "./witness.ts";

export interface Load {
  readonly subscribers: number;
  readonly channels: number;
  /** Publishes a second, over all channels. */
  readonly rate: number;
}

export interface Plan {
  readonly rounds: readonly Round[];
  /** After this no further round begins. */
  readonly limitMs: number;
  readonly keepsAcked: boolean;
  /** Everybody is back and reads on within this, or is stuck. */
  readonly patienceMs: number;
  readonly pages: ChatPages | null;
}

export interface Round {
  readonly kind: FaultKind;
  readonly mayBeginEpochs: boolean;
}

export interface KindOutcome {
  times: number;
  returns: number;
  recovered: number;
}

export interface Outcome {
  readonly acked: number;
  readonly ackedPerSecond: number;
  readonly durability: readonly string[];
  readonly retried: number;
  readonly duplicates: number;
  readonly deliveries: number;
  readonly faults: Record<Kind, Faults>;
  /** Acked, and not in the log at the end. */
  readonly lostFromLog: number;
  /** The same, where no more was promised. */
  readonly lostAsPromised: number;
  /** Readers that came back without what history had, after a fault that ends no epoch. */
  readonly needlesslyUnrecovered: number;
  /** What did not become well again by itself, in words. */
  readonly stuck: readonly string[];
  readonly kinds: Readonly<Record<string, KindOutcome>>;
  /** Of the browser on Harbor; `null` where there is none. */
  readonly chat: ChatOutcome | null;
}

const lookMs = 20;
/** Logs that are read back at the same time: on NATS each record is a question of its own. */
const logsAtOnce = 8;
/** And then twice as long each time: where a publish takes seconds, nothing new would ever be seen. */
const lookAgainMs = 3_000;

function chatted(chat: ChatOutcome | null): string {
  if (chat === null) return "";
  return `; ${chat.messages} messages in the windows, ${chat.wrong.at(-1) ?? "nothing wrong"}`;
}

export class Rounds {
  readonly #site: Site;
  readonly #dice: Dice;
  readonly #say: (line: string) => void;
  readonly #ledgers: Ledger[] = [];
  readonly #publishers: Publisher[] = [];
  readonly #subscribers: Subscribers;
  readonly #kinds = new Map<string, KindOutcome>();
  readonly #stuck: string[] = [];
  #needless = 0;
  #patienceMs = 0;
  #pages: ChatPages | null = null;

  constructor(site: Site, { dice, say }: { readonly dice: Dice; readonly say: (line: string) => void }) {
    this.#site = site;
    this.#dice = dice;
    this.#say = say;
    this.#subscribers = new Subscribers(site.addresses);
  }

  async run({ subscribers, channels, rate }: Load, plan: Plan): Promise<Outcome> {
    this.#patienceMs = plan.patienceMs;
    this.#pages = plan.pages;
    for (let n = 0; n < channels; n += 1) this.#ledgers.push(new Ledger(plan));
    for (let n = 0; n < subscribers; n += 1) {
      const ledger = this.#ledgers[n % channels] ?? new Ledger(plan);
      const kind = kinds[Math.floor(n / channels) % 2] ?? "tidewire";
      this.#subscribers.add(kind, `public:${n % channels}`, ledger);
    }
    const { addresses } = this.#site;
    await this.#settles(() => this.#subscribers.areLive(), "readers at the start");
    for (const [n, ledger] of this.#ledgers.entries()) {
      this.#publishers.push(new Publisher(addresses, `public:${n}`, { ledger, perSecond: rate / channels }));
    }
    try {
      const seconds = await this.#underLoad(plan);
      for (const publisher of this.#publishers) publisher.finish();
      // The log of an hour takes minutes to read: who writes on meanwhile takes the machine from it.
      await this.#pages?.finish("the end");
      await this.#settles(() => this.#publishers.every(({ isDone }) => isDone), "publishers at the end");
      return await this.#judge(seconds, plan.keepsAcked);
    } finally {
      for (const publisher of this.#publishers) publisher.end();
      this.#subscribers.end();
    }
  }

  /** @returns How many seconds it took. */
  async #underLoad({ rounds, limitMs }: Plan): Promise<number> {
    const startedMs = performance.now();
    let isWell = await this.#isWell("the start");
    for (const [index, round] of rounds.entries()) {
      // Who is stuck would be stuck in the next one too.
      if (!isWell || performance.now() - startedMs > limitMs) break;
      isWell = await this.#round(round, `${index + 1} of ${rounds.length}`);
    }
    return (performance.now() - startedMs) / 1_000;
  }

  async #round({ kind, mayBeginEpochs }: Round, place: string): Promise<boolean> {
    const { witnesses } = this.#subscribers;
    const before = witnesses.map(({ returns }) => returns.length);
    const startedMs = performance.now();
    await sleep(this.#dice.between(100, 1_000));
    await kind.strike(this.#site, this.#dice);
    const healedMs = performance.now();
    const isWell = await this.#isWell(kind.name);
    const readMs = performance.now();
    await this.#pages?.check(kind.name);
    const returns = witnesses.flatMap(({ returns: all }, index) => all.slice(before[index]));
    const recovered = returns.filter((one) => one).length;
    const sum = this.#kinds.get(kind.name) ?? { times: 0, returns: 0, recovered: 0 };
    this.#kinds.set(kind.name, sum);
    sum.times += 1;
    sum.returns += returns.length;
    sum.recovered += recovered;
    if (!mayBeginEpochs) this.#needless += returns.length - recovered;
    const seconds = (fromMs: number, toMs: number): string => ((toMs - fromMs) / 1_000).toFixed(1);
    const faults = sumOf(witnesses.map((witness) => witness.faults));
    for (const ledger of this.#ledgers) ledger.addTo(faults);
    this.#say(
      `${place}: ${kind.name}, ${seconds(startedMs, healedMs)} s, readers well after ${seconds(healedMs, readMs)} s, windows ${seconds(readMs, performance.now())} s later; ` +
        `${recovered} of ${returns.length} recovered; ${this.#acked()} acked; ` +
        (isNone(faults) ? "nothing wrong" : JSON.stringify(faults)) +
        chatted(this.#pages?.outcome ?? null),
    );
    return isWell;
  }

  #acked(): number {
    return this.#ledgers.reduce((sum, { acked }) => sum + acked.size, 0);
  }

  /** Everybody is there, and reads what was published after this. */
  async #isWell(after: string): Promise<boolean> {
    const seen = new Map<string, Position>();
    let [lookedMs, againMs] = [-Infinity, lookAgainMs / 2];
    const hasSeen = (): boolean => {
      // What was accepted before an epoch ended that nobody had noticed yet is not waited for.
      if (performance.now() - lookedMs > againMs) {
        againMs *= 2;
        seen.clear();
        for (const publisher of this.#publishers) publisher.look();
        this.#subscribers.retry();
        lookedMs = performance.now();
      }
      for (const { channel, seen: at } of this.#publishers) if (at !== null) seen.set(channel, at);
      return this.#subscribers.witnesses.every(({ channel, isLive, at }) => {
        const wanted = seen.get(channel);
        return isLive && wanted !== undefined && at?.epoch === wanted.epoch && at.offset >= wanted.offset;
      });
    };
    return await this.#settles(hasSeen, `readers after ${after}`);
  }

  /** Whether it came to be so in time. */
  async #settles(isSo: () => boolean, what: string): Promise<boolean> {
    const sinceMs = performance.now();
    while (!isSo()) {
      await sleep(lookMs);
      if (performance.now() - sinceMs < this.#patienceMs) continue;
      const away = this.#subscribers.witnesses.filter(({ isLive }) => !isLive).length;
      const unseen = this.#publishers.filter(({ seen }) => seen === null).length;
      this.#stuck.push(`${what}: ${away} readers not live, ${unseen} channels where nothing is accepted`);
      this.#say(`stuck: ${this.#stuck.at(-1)}`);
      return false;
    }
    return true;
  }

  async #judge(seconds: number, keepsAcked: boolean): Promise<Outcome> {
    const { witnesses } = this.#subscribers;
    const tops = new Map<string, Position>();
    let lacking = 0;
    const unread = [...this.#ledgers.entries()];
    const readers = Array.from({ length: logsAtOnce }, async () => {
      for (let next = unread.pop(); next !== undefined; next = unread.pop()) {
        const [n, ledger] = next;
        const read = await this.#logOf(n);
        if (read === null) continue;
        tops.set(`public:${n}`, read.top);
        lacking += ledger.close(read.log);
      }
    });
    await Promise.all(readers);
    const hasAll = (): boolean =>
      witnesses.every(({ channel, at }) => {
        const top = tops.get(channel);
        return top === undefined || (at?.epoch === top.epoch && at.offset >= top.offset);
      });
    // What is lost for good never comes; the witnesses then say whose it is.
    await this.#settles(hasAll, "readers at the last publications");
    for (const witness of witnesses) {
      const top = tops.get(witness.channel);
      if (top !== undefined) witness.settled(top);
    }
    const faultsOf = (kind: Kind): Faults =>
      sumOf(witnesses.filter((witness) => witness.kind === kind).map((witness) => witness.faults));
    const faults = { tidewire: faultsOf("tidewire"), "centrifuge-js": faultsOf("centrifuge-js") };
    for (const ledger of this.#ledgers) ledger.addTo(faults.tidewire);
    const total = (of: (publisher: Publisher) => number): number =>
      this.#publishers.reduce((sum, publisher) => sum + of(publisher), 0);
    const acks = this.#ledgers.flatMap(({ acked }) => [...acked.values()]);
    return {
      acked: this.#acked(),
      ackedPerSecond: Math.round(this.#acked() / seconds),
      durability: [...new Set(acks.map(({ durability }) => durability))].sort(),
      retried: total(({ indeterminate }) => indeterminate),
      duplicates: total(({ duplicates }) => duplicates),
      deliveries: witnesses.reduce((sum, { deliveries }) => sum + deliveries, 0),
      faults,
      lostFromLog: keepsAcked ? lacking : 0,
      lostAsPromised: keepsAcked ? 0 : lacking,
      needlesslyUnrecovered: this.#needless,
      stuck: this.#stuck,
      kinds: Object.fromEntries(this.#kinds),
      chat: this.#pages?.outcome ?? null,
    };
  }

  /** As one node after the other has it, until one does. Each channel begins with another node. */
  async #logOf(n: number): Promise<KeptLog | null> {
    const names = [...this.#site.nodes.keys()];
    let reason: unknown;
    for (const index of names.keys()) {
      const name = names[(n + index) % names.length] ?? "";
      try {
        return await readLog(this.#site.machine(name), `public:${n}`);
      } catch (thrown) {
        reason = thrown;
      }
    }
    this.#stuck.push(`history: ${reason instanceof Error ? reason.message : String(reason)}`);
    return null;
  }
}
