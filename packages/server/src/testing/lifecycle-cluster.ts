// Nodes whose lifecycles ask each other as they do through an engine, with sinks that keep what they took, for tests.
import { maxSaidBytes } from "../engines/questions/said.ts";
import { type LifecycleEvent, type LifecycleSink, standingOf } from "../lifecycle/events.ts";
import { type Fact, Facts, keyOf } from "../lifecycle/facts.ts";
import { Ledger, type LedgerPage, type LedgerWord } from "../lifecycle/ledger.ts";
import { isLedgerWord, ledgerPageIn, type NodePage, pageIn, type Seen } from "../lifecycle/pages.ts";
import { LifecycleReader, type OtherLifecycles } from "../lifecycle/reader.ts";
import { systemClock } from "../ports/clock.ts";
import { silentLog } from "../ports/log.ts";
import { Metrics } from "../ports/metrics.ts";
import { systemRandom } from "../ports/random.ts";
import { FakeClock } from "./fake-clock.ts";

/** Keeps what it took, and what of it is so. */
export class KeptSink implements LifecycleSink {
  readonly events: LifecycleEvent[] = [];
  readonly standing: Map<string, Fact> = new Map();
  /** Of all that it ever took. */
  readonly ids: string[] = [];
  isAway = false;
  /** So many more times it cannot take anything. */
  failing = 0;

  recall(): Promise<readonly Fact[]> {
    return this.isAway ? Promise.reject(new Error("away")) : Promise.resolve([...this.standing.values()]);
  }

  take(events: readonly LifecycleEvent[]): Promise<void> {
    if (this.isAway || this.failing > 0) {
      this.failing -= 1;
      return Promise.reject(new Error("away"));
    }
    for (const event of events) {
      const { fact, holds } = standingOf(event);
      if (holds) this.standing.set(keyOf(fact), fact);
      else this.standing.delete(keyOf(fact));
    }
    this.events.push(...events);
    this.ids.push(...events.map(({ id }) => id));
    return Promise.resolve();
  }

  adopt(facts: readonly Fact[]): Promise<void> {
    this.standing.clear();
    for (const fact of facts) this.standing.set(keyOf(fact), fact);
    return Promise.resolve();
  }

  /** What was told since this was last asked. */
  told(): readonly string[] {
    return this.events.splice(0).map((event) => {
      if ("reason" in event) return `${event.type} ${event.session} ${event.reason}`;
      if ("channel" in event)
        return `${event.type} ${event.channel}${"user" in event ? ` ${event.user || event.session}` : ""}`;
      return `${event.type} ${event.session}`;
    });
  }
}

export class LifecycleCluster {
  readonly clock: FakeClock = new FakeClock();
  readonly nodes: Map<string, Facts> = new Map();
  readonly ledgers: Map<string, Ledger> = new Map();
  /** Those that cannot be asked, and can ask nobody. */
  readonly silent: Set<string> = new Set();
  holder: string | null = null;
  fence = 0;
  isDown = false;

  facts(node: string): Facts {
    const facts = new Facts(node, { clock: this.clock, metrics: new Metrics() });
    this.nodes.set(node, facts);
    this.ledgers.set(node, new Ledger(node));
    return facts;
  }

  reader(node: string, sink: LifecycleSink): LifecycleReader {
    const facts = this.nodes.get(node) ?? this.facts(node);
    const ledger = this.ledgers.get(node) ?? new Ledger(node);
    const leases = {
      take: (): Promise<number | null> => {
        if (this.isDown || this.silent.has(node)) return Promise.reject(new Error("down"));
        if (this.holder === null) [this.holder, this.fence] = [node, this.fence + 1];
        return Promise.resolve(this.holder === node ? this.fence : null);
      },
      release: (): void => void (this.holder = this.holder === node ? null : this.holder),
    };
    const ports = { clock: this.clock, random: systemRandom, log: silentLog };
    const reader = new LifecycleReader({ node, sink, facts, ledger, others: this.others(node), leases, ...ports });
    reader.start();
    return reader;
  }

  /** What a node asks of the others, as it goes over the wire. */
  others(node: string): OtherLifecycles {
    const asked = (): readonly string[] => {
      if (this.isDown || this.silent.has(node)) throw new Error("down");
      return [...this.nodes.keys()].filter((name) => name !== node && !this.silent.has(name));
    };
    const said = (name: string, word: LedgerWord): LedgerPage | null => {
      const text = JSON.stringify(word);
      if (isTooLarge(text)) throw new Error("too_large");
      const heard: unknown = JSON.parse(text);
      if (!isLedgerWord(heard)) throw new TypeError(`a word between nodes was expected, got ${text}`);
      const answer = JSON.stringify(this.ledgers.get(name)?.heard(heard) ?? null);
      return isTooLarge(answer) ? null : ledgerPageIn(answer);
    };
    const page = (name: string, seen: Seen): NodePage | null => {
      const changed = this.nodes.get(name)?.page(seen[name] ?? 0);
      const answer = JSON.stringify({ ...changed, mark: this.ledgers.get(name)?.mark });
      return isTooLarge(answer) ? null : pageIn(answer);
    };
    return {
      facts: (seen) => reaching(() => asked().flatMap((name) => page(name, seen) ?? [])),
      ledgers: (word) => reaching(() => asked().flatMap((name) => said(name, word) ?? [])),
      ledgerOf: (name, word) => reaching(() => (asked().includes(name) ? said(name, word) : null)),
    };
  }

  /** As if it had been killed: it says nothing more, and its lease ends. */
  kill(node: string, reader?: LifecycleReader): void {
    if (reader !== undefined) Object.assign(reader, { start: () => undefined });
    this.silent.add(node);
    this.nodes.delete(node);
    if (this.holder === node) this.holder = null;
  }

  /** So many looks, or as many steps of another length. */
  async looks(count: number, stepMs: number = 1_000): Promise<void> {
    for (let done = 0; done < count; done += 1) {
      this.clock.advance(stepMs);
      await new Promise<void>((resolve) => systemClock.defer(resolve));
    }
  }
}

/** As a question an engine refuses it, as an answer nobody gets it. */
function isTooLarge(text: string): boolean {
  return Buffer.byteLength(text) > maxSaidBytes;
}

/** It rejects where asking throws. */
async function reaching<Answer>(ask: () => Answer): Promise<Answer> {
  await Promise.resolve();
  return ask();
}
