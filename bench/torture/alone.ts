// The torture of one server on SQLite: it is killed again and again under load, and every reader's account is checked.
import { setTimeout as sleep } from "node:timers/promises";
import { Addresses } from "./addresses.ts";
import { KilledNode } from "./killed-node.ts";
import { Ledger } from "./ledger.ts";
import { freePort } from "./machines.ts";
import { Publisher } from "./publisher.ts";
import { Subscribers } from "./subscribers.ts";
import { type Faults, isNone, type Kind, kinds, sumOf } from "./witness.ts";

export interface AloneOptions {
  readonly kills: number;
  readonly subscribers: number;
  readonly channels: number;
  /** Publishes a second, over all channels. */
  readonly rate: number;
  /** Acks between two kills, at least. */
  readonly acks: number;
}

export interface AloneOutcome {
  readonly kills: number;
  readonly acked: number;
  readonly ackedPerSecond: number;
  readonly retried: number;
  readonly duplicates: number;
  readonly returns: Record<Kind, { readonly eligible: number; readonly recovered: number }>;
  readonly faults: Record<Kind, Faults>;
  readonly deliveries: number;
}

interface Run {
  readonly ledgers: ReadonlyMap<string, Ledger>;
  readonly publishers: readonly Publisher[];
  readonly subscribers: Subscribers;
}

const lookMs = 20;

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(lookMs);
}

/** @param place.file Of the database. */
export async function tortureAlone(
  options: AloneOptions,
  place: { readonly file: string; readonly say: (line: string) => void },
): Promise<AloneOutcome> {
  const port = await freePort();
  const addresses = new Addresses([{ host: "127.0.0.1", port }]);
  const node = new KilledNode(place.file, port);
  const channels = Array.from({ length: options.channels }, (_, index) => `public:${index}`);
  const ledgers = new Map(channels.map((channel) => [channel, new Ledger({ keepsAcked: true })]));
  const subscribers = new Subscribers(addresses);
  await node.start();
  for (let n = 0; n < options.subscribers; n += 1) {
    const channel = channels[n % options.channels] ?? "";
    subscribers.add(kinds[Math.floor(n / options.channels) % 2] ?? "tidewire", channel, ledgerOf(ledgers, channel));
  }
  await until(() => subscribers.areLive());
  const perSecond = options.rate / options.channels;
  const publishers = channels.map(
    (channel) => new Publisher(addresses, channel, { ledger: ledgerOf(ledgers, channel), perSecond }),
  );
  const run = { ledgers, publishers, subscribers };
  try {
    const upMs = await killing(options, { run, node, say: place.say });
    return judge(options, run, upMs);
  } finally {
    for (const publisher of publishers) publisher.end();
    subscribers.end();
    await node.kill();
  }
}

/** @returns For how long the server was up. */
async function killing(
  options: AloneOptions,
  { run, node, say }: { readonly run: Run; readonly node: KilledNode; readonly say: (line: string) => void },
): Promise<number> {
  const { subscribers, publishers } = run;
  let [upMs, sinceMs] = [0, performance.now()];
  for (let round = 1; round <= options.kills; round += 1) {
    const enough = ackedIn(run) + options.acks;
    await until(() => ackedIn(run) >= enough && subscribers.areLive());
    // At another moment of a commit each time.
    await sleep(Math.random() * 20);
    upMs += performance.now() - sinceMs;
    await node.kill();
    await node.start();
    sinceMs = performance.now();
    subscribers.retry();
    await until(() => subscribers.witnesses.every(({ returns }) => returns.length >= round));
    say(`kill ${round} of ${options.kills}: ${ackedIn(run)} acked`);
  }
  upMs += performance.now() - sinceMs;
  for (const publisher of publishers) publisher.finish();
  await until(() => publishers.every(({ isDone }) => isDone));
  const haveAll = (): boolean =>
    subscribers.witnesses.every(
      ({ channel, at }) => (at?.offset ?? 0) >= (ledgerOf(run.ledgers, channel).top?.offset ?? 0),
    );
  // What is lost for good never comes; the witnesses then say which it was.
  await Promise.race([until(haveAll), sleep(30_000)]);
  return upMs;
}

function ledgerOf(ledgers: ReadonlyMap<string, Ledger>, channel: string): Ledger {
  const found = ledgers.get(channel);
  if (found === undefined) throw new TypeError(`a channel of this run was expected, got ${channel}`);
  return found;
}

const ackedIn = ({ ledgers }: Run): number => [...ledgers.values()].reduce((sum, { acked }) => sum + acked.size, 0);

function judge({ kills }: AloneOptions, run: Run, upMs: number): AloneOutcome {
  const { publishers, subscribers, ledgers } = run;
  const { witnesses } = subscribers;
  for (const witness of witnesses) {
    const { top } = ledgerOf(ledgers, witness.channel);
    if (top !== null) witness.settled(top);
  }
  const of = (kind: Kind): typeof witnesses => witnesses.filter((witness) => witness.kind === kind);
  const faultsOf = (kind: Kind): Faults => sumOf(of(kind).map(({ faults }) => faults));
  const returnsOf = (kind: Kind): AloneOutcome["returns"][Kind] => {
    const returns = of(kind).flatMap((witness) => witness.returns);
    return { eligible: returns.length, recovered: returns.filter((recovered) => recovered).length };
  };
  const faults = { tidewire: faultsOf("tidewire"), "centrifuge-js": faultsOf("centrifuge-js") };
  for (const ledger of ledgers.values()) ledger.addTo(faults.tidewire);
  const total = (count: (publisher: Publisher) => number): number =>
    publishers.reduce((sum, publisher) => sum + count(publisher), 0);
  return {
    kills,
    acked: ackedIn(run),
    ackedPerSecond: Math.round(ackedIn(run) / (upMs / 1_000)),
    retried: total(({ indeterminate }) => indeterminate),
    duplicates: total(({ duplicates }) => duplicates),
    returns: { tidewire: returnsOf("tidewire"), "centrifuge-js": returnsOf("centrifuge-js") },
    faults,
    deliveries: witnesses.reduce((sum, { deliveries }) => sum + deliveries, 0),
  };
}

export function isFlawless({ faults, returns }: AloneOutcome): boolean {
  const areNone = Object.values(faults).every((found) => isNone(found));
  return areNone && Object.values(returns).every(({ eligible, recovered }) => eligible === recovered);
}
