// The verdict on a torture of jobs: what was acked, begun, accepted, kept, told and seen, held against what is promised. Pure: it reads a history.
import { type Fate, fateOf, outputOf } from "./job.ts";

/** An order that was acked. */
export interface Order {
  readonly order: number;
  /** What it was acked with; one that was given several times under its key must name one job. */
  readonly ids: readonly string[];
}

/** A handler that began. */
export interface Begun {
  readonly id: string;
  readonly attempt: number;
  readonly worker: number;
  readonly atMs: number;
  /** When it failed by itself, as some do: its next attempt waits its turn, behind others. */
  readonly failedMs?: number;
}

export type EndState = "done" | "dead" | "canceled";

/** An end that the store accepted, by its own trace. */
export interface Accepted {
  readonly id: string;
  readonly state: EndState;
  readonly atMs: number;
}

/** A job as the store has it when all is over. */
export interface Kept {
  readonly state: string;
  readonly attempt: number;
  /** JSON. */
  readonly output: string | null;
  readonly reason: string;
}

/** An end as it was told on the job's channel, or as a client shows it. */
export interface Told {
  readonly state: EndState;
  readonly output: unknown;
  readonly reason: string;
}

/** A worker was killed, or stopped for longer than its leases last. */
export interface Strike {
  readonly worker: number;
  readonly atMs: number;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface History {
  readonly orders: readonly Order[];
  readonly begun: readonly Begun[];
  readonly accepted: readonly Accepted[];
  readonly kept: ReadonlyMap<string, Kept>;
  readonly strikes: readonly Strike[];
  /** When the store did not answer anybody. */
  readonly outages: readonly Span[];
  /** When a worker was there and the machine let it run: those of all workers, which may overlap. */
  readonly awake: readonly Span[];
  /** Every end on the channel of each job, as its history has them. */
  readonly told: ReadonlyMap<string, readonly Told[]>;
  /** Of the jobs that a client watched: what it showed in the end, and how many ends came to it by themselves. */
  readonly seen: ReadonlyMap<string, { readonly shown: Told | null; readonly ends: number }>;
}

/** How soon what a worker had was begun again after a strike. */
export interface Retries {
  readonly count: number;
  /** The longest, in milliseconds in which the store was up and a worker awake. */
  readonly latestMs: number;
  /** The longest by the clock on the wall, whatever the store and the machine did. */
  readonly latestWallMs: number;
}

export interface Verdict {
  readonly violations: readonly string[];
  readonly done: number;
  readonly dead: number;
  readonly retried: Retries;
}

export interface Terms {
  readonly leaseMs: number;
  readonly attempts: number;
}

const grantedMs = 1_000;
const deadAttempts = 3;

export function judge(history: History, terms: Terms): Verdict {
  const violations = [
    ...history.orders.flatMap((order) => judgeOrder(order, history)),
    ...judgeAccepted(history),
    ...judgeAttempts(history, terms),
    ...judgeTold(history),
    ...judgeSeen(history),
  ];
  const { late, retried } = judgeRetries(history, terms.leaseMs);
  const states = history.orders.map(({ ids }) => history.kept.get(ids[0] ?? "")?.state);
  const count = (wanted: string): number => states.filter((state) => state === wanted).length;
  return { violations: [...violations, ...late], done: count("done"), dead: count("dead"), retried };
}

/** J1: done or a dead letter, and that with reason. */
function judgeOrder({ order, ids }: Order, { kept, begun }: History): readonly string[] {
  const [id = ""] = ids;
  if (new Set(ids).size !== 1) return [`order ${order}: one job was expected, got ${ids.join(", ")}`];
  const job = kept.get(id);
  if (job === undefined) return [`order ${order}: ${id} was acked, and the store does not know it`];
  const fate = fateOf(order);
  if (job.state === "done") return judgeDone({ order, id, fate }, job, begun);
  if (job.state !== "dead") return [`order ${order}: ${id} is ${job.state}, neither done nor a dead letter`];
  const isMeant = fate === "dead letter" && (job.reason === "invalid_data" || job.reason === "lost");
  return isMeant ? [] : [`order ${order}: ${id} is a dead letter for "${job.reason}" after ${job.attempt} attempts`];
}

interface Meant {
  readonly order: number;
  readonly id: string;
  readonly fate: Fate;
}

/** J5: what its handler has returned. */
function judgeDone({ order, id, fate }: Meant, job: Kept, begun: readonly Begun[]): readonly string[] {
  const found: string[] = [];
  if (fate === "dead letter") found.push(`order ${order}: ${id} is done, a dead letter was expected`);
  if (!isSame(parsed(job.output), outputOf(order))) found.push(`order ${order}: ${id} has the output ${job.output}`);
  if (fate === "fails at first" && job.attempt < 2) found.push(`order ${order}: ${id} is done at its first attempt`);
  if (!begunIn(begun).has(id)) found.push(`order ${order}: ${id} is done, and nobody began it`);
  return found;
}

/** J2: one end of each job, and that the one it has. */
function judgeAccepted({ accepted, kept }: History): readonly string[] {
  const found: string[] = [];
  const ends = Map.groupBy(accepted, ({ id }) => id);
  for (const [id, all] of ends) {
    const states = all.map(({ state }) => state);
    if (states.length > 1) found.push(`${id}: one end was expected to be accepted, got ${states.join(", ")}`);
    const job = kept.get(id);
    if (job !== undefined && job.state !== states[0])
      found.push(`${id}: ${states[0]} was accepted, it is ${job.state}`);
  }
  for (const [id, { state }] of kept) {
    if (state === "done" && !ends.has(id)) found.push(`${id}: it is done, and nothing was accepted`);
  }
  return found;
}

/** J4: no attempt twice, none too many. */
function judgeAttempts({ begun, orders }: History, terms: Terms): readonly string[] {
  const found: string[] = [];
  const fates = new Map(orders.map(({ order, ids }) => [ids[0] ?? "", fateOf(order)]));
  for (const [id, runs] of begunIn(begun)) {
    const numbers = runs.map(({ attempt }) => attempt);
    if (new Set(numbers).size < numbers.length)
      found.push(`${id}: one run of each attempt was expected, got ${numbers.join(", ")}`);
    const most = fates.get(id) === "dead letter" ? deadAttempts : terms.attempts;
    if (runs.length > most) found.push(`${id}: at most ${most} attempts were expected, got ${runs.length}`);
  }
  return found;
}

/** Its owner was told once, and the truth. */
function judgeTold({ orders, kept, told }: History): readonly string[] {
  return orders.flatMap(({ ids: [id = ""] }) => {
    const ends = told.get(id) ?? [];
    if (ends.length !== 1) return [`${id}: its channel has ${ends.length} ends, one was expected`];
    return differs(`${id}: its channel`, ends[0], kept.get(id));
  });
}

function judgeSeen({ kept, seen }: History): readonly string[] {
  return [...seen].flatMap(([id, { shown, ends }]) => {
    if (ends > 1) return [`${id}: its client was told ${ends} ends`];
    return differs(`${id}: its client`, shown ?? undefined, kept.get(id));
  });
}

function differs(who: string, told: Told | undefined, job: Kept | undefined): readonly string[] {
  const isTrue =
    told?.state === job?.state &&
    (job?.state === "done" ? isSame(told?.output, parsed(job.output)) : told?.reason === job?.reason);
  return isTrue ? [] : [`${who} says ${JSON.stringify(told)}, the store has ${JSON.stringify(job)}`];
}

interface JudgedRetries extends Pick<Verdict, "retried"> {
  readonly late: readonly string[];
}

/** J3: what a worker had when it was struck is begun again within the lease and a second, not counting when nobody could. */
function judgeRetries({ begun, accepted, strikes, outages, awake }: History, leaseMs: number): JudgedRetries {
  const ends = Map.groupBy(accepted, ({ id }) => id);
  const able = without(merged(awake), outages);
  const late: string[] = [];
  const retried = { count: 0, latestMs: 0, latestWallMs: 0 };
  for (const [id, runs] of begunIn(begun)) {
    for (const [n, run] of runs.entries()) {
      const struckMs = strikeOn(run, strikes);
      const next = runs[n + 1];
      // Its end may have been on its way, and a dead letter has had its last attempt.
      const isOver = (ends.get(id) ?? []).some(({ atMs }) => atMs <= (next?.atMs ?? Infinity));
      if (
        struckMs === null ||
        (run.failedMs ?? Infinity) <= struckMs ||
        isOver ||
        next === undefined ||
        next.atMs <= struckMs
      )
        continue;
      // An attempt that nobody has seen was with a worker that died before it could say so; it had a lease of its own.
      const leases = Math.max(1, next.attempt - run.attempt);
      const tookMs = Math.round(overlapMs({ fromMs: struckMs, toMs: next.atMs }, able) / leases);
      retried.count += 1;
      retried.latestMs = Math.max(retried.latestMs, tookMs);
      retried.latestWallMs = Math.max(retried.latestWallMs, next.atMs - struckMs);
      if (tookMs > leaseMs + grantedMs) late.push(`${id}: begun again ${tookMs} ms after its worker was struck`);
    }
  }
  return { late, retried };
}

/** When the worker was struck next after it had begun this run. */
function strikeOn({ worker, atMs }: Begun, strikes: readonly Strike[]): number | null {
  const after = strikes.filter((strike) => strike.worker === worker && strike.atMs >= atMs);
  return after.length === 0 ? null : Math.min(...after.map((strike) => strike.atMs));
}

function overlapMs({ fromMs, toMs }: Span, spans: readonly Span[]): number {
  return spans.reduce((sum, one) => sum + Math.max(0, Math.min(toMs, one.toMs) - Math.max(fromMs, one.fromMs)), 0);
}

/** The same, none of which overlap, in order. */
function merged(spans: readonly Span[]): readonly Span[] {
  const all: Span[] = [];
  for (const span of spans.toSorted((one, other) => one.fromMs - other.fromMs)) {
    const last = all.at(-1);
    if (last === undefined || last.toMs < span.fromMs) all.push(span);
    else all[all.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, span.toMs) };
  }
  return all;
}

function without(spans: readonly Span[], holes: readonly Span[]): readonly Span[] {
  return holes.reduce<readonly Span[]>(
    (left, hole) =>
      left.flatMap(({ fromMs, toMs }) => [
        ...(fromMs < hole.fromMs ? [{ fromMs, toMs: Math.min(toMs, hole.fromMs) }] : []),
        ...(toMs > hole.toMs ? [{ fromMs: Math.max(fromMs, hole.toMs), toMs }] : []),
      ]),
    spans,
  );
}

const grouped = new WeakMap<readonly Begun[], ReadonlyMap<string, readonly Begun[]>>();

/** Of each job, in order. */
function begunIn(begun: readonly Begun[]): ReadonlyMap<string, readonly Begun[]> {
  const known = grouped.get(begun);
  if (known !== undefined) return known;
  const made = Map.groupBy(
    begun.toSorted((one, other) => one.atMs - other.atMs),
    ({ id }) => id,
  );
  grouped.set(begun, made);
  return made;
}

function parsed(json: string | null): unknown {
  return json === null ? null : (JSON.parse(json) as unknown);
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
