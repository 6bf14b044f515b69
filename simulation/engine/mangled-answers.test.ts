// Engines that answer what cannot be, under the history checker: whatever they say, no reader is told a lie.
import { defineChannel, type Position } from "@tidewire/protocol";
import { FakeNode, ScriptedEngine } from "@tidewire/server/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Ack, Page, Publication } from "../../packages/server/src/engine/engine.ts";
import { type Mangle, MangledEngine, type Method } from "../../packages/server/src/testing/mangled-engine.ts";
import { plainEncoder, TestReader } from "../../packages/server/src/testing/test-reader.ts";
import { Checker } from "../checker/checker.ts";

const history = { size: 100_000, ttlMs: 600_000 };
const names = ["s", "o"];
const channels = names.map((name) => defineChannel(name, { history }));

const offsets = [-1, 0.5, NaN, Infinity, 2 ** 53, "7", null, undefined];
const garbage = [undefined, null, "answer", 7, {}, [], { toString: () => fc.pre(false) }];

type Change = (list: readonly Publication[], at: number) => readonly unknown[];

const changes: readonly Change[] = [
  (list, at) => list.map((one, index) => (index === at ? { ...one, offset: offsets[at % offsets.length] } : one)),
  (list, at) => list.map((one, index) => (index === at ? { ...one, previous: { offset: one.offset, id: "x" } } : one)),
  (list, at) => list.map((one, index) => (index === at ? garbage[at % garbage.length] : one)),
  (list, at) => list.toSpliced(at, 1),
  (list, at) => list.toSpliced(at, 0, ...list.slice(at, at + 1)),
  (list, at) => list.toSpliced(at, 2, ...list.slice(at, at + 2).toReversed()),
  (list) => list.toReversed(),
  (list, at) => list.slice(0, at),
  (list, at) => list.slice(at),
  () => [],
];

/** Gives each page once more instead of the next one. */
function repeating(): Mangle {
  let before: Page | null = null;
  return (page: Page) => {
    const given = before ?? page;
    before = page;
    return given;
  };
}

/** One thing made wrong with a page. */
const badPage = fc.oneof(
  fc.record({ change: fc.constantFrom(...changes), at: fc.nat(12) }).map(({ change, at }): Mangle => (page: Page) => ({
    ...page,
    publications: change(page.publications, at % Math.max(1, page.publications.length)),
  })),
  fc.boolean().map((more): Mangle => (page: Page) => ({ ...page, more })),
  fc.nat(60).map((floor): Mangle => (page: Page) => ({ ...page, floor })),
  fc.nat(60).map((offset): Mangle => (page: Page) => ({ ...page, top: { ...page.top, offset } })),
  fc.constant(null).map(repeating),
  fc.constant<Mangle>((page: Page) => ({ ...page, top: { epoch: "never", offset: page.top.offset } })),
);

const badTops = fc.oneof(
  fc.nat(60).map(
    (offset): Mangle =>
      (tops: readonly Position[]) =>
        tops.map((top) => ({ ...top, offset })),
  ),
  fc.constant<Mangle>((tops: readonly Position[]) => tops.map(({ offset }) => ({ epoch: "never", offset }))),
  fc.constant<Mangle>((tops: readonly Position[]) => tops.slice(1)),
);

const badAck = fc.oneof(
  fc.nat(60).map((offset): Mangle => (ack: Ack) => ({ ...ack, position: { ...ack.position, offset } })),
  fc.constant<Mangle>((ack: Ack) => ({ ...ack, publication: { ...ack.publication, data: Buffer.from("other") } })),
  fc.constant<Mangle>((ack: Ack) => ({ ...ack, publication: null })),
);

/** Of whatever was asked. */
const badAnswer = fc.oneof(
  fc.constantFrom(...garbage).map(
    (given): Mangle =>
      () =>
        given,
  ),
  fc.constantFrom(...garbage).map(
    (thrown): Mangle =>
      () =>
        Promise.reject(thrown),
  ),
  fc.constant<Mangle>(() => new Promise(() => undefined)),
);

const bad = fc.oneof(
  { weight: 6, arbitrary: badPage.map((mangle) => ({ method: "read" as Method, mangle })) },
  { weight: 2, arbitrary: badTops.map((mangle) => ({ method: "tops" as Method, mangle })) },
  { weight: 2, arbitrary: badAck.map((mangle) => ({ method: "publish" as Method, mangle })) },
  {
    weight: 2,
    arbitrary: fc.record({ method: fc.constantFrom<Method>("publish", "read", "tops", "follow"), mangle: badAnswer }),
  },
);

const news = fc.constantFrom<(one: Publication, index: number) => unknown>(
  () => undefined,
  (one, index) => ({ ...one, offset: offsets[index % offsets.length] }),
  (one) => ({ ...one, data: "text" }),
  (one, index) => (index % 2 === 0 ? null : one),
);

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ say: fc.integer({ min: 1, max: 9 }), channel: fc.nat(1) }) },
  { weight: 3, arbitrary: fc.record({ sayUnheard: fc.integer({ min: 1, max: 4 }), channel: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ publish: fc.nat(1) }) },
  { weight: 4, arbitrary: fc.record({ pull: fc.integer({ min: 1, max: 400 }) }) },
  { weight: 4, arbitrary: fc.record({ comeBack: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ bad }) },
  { weight: 1, arbitrary: fc.record({ news }) },
  { weight: 2, arbitrary: fc.constant({ honest: true as const }) },
  { weight: 2, arbitrary: fc.record({ passMs: fc.constantFrom(100, 1_500) }) },
  { weight: 1, arbitrary: fc.record({ keep: fc.nat(20), channel: fc.nat(1) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Of> ? Of : never;

/** An application's subscription: where it is, and what reads for it at present. */
interface Life {
  readonly name: string;
  readonly channel: string;
  at: { readonly position: Position; readonly id: string | null } | null;
  reader: TestReader | null;
  /** How much of what its reader was told is written down. */
  heard: number;
}

class Trial {
  readonly inner = new ScriptedEngine();
  readonly engine = new MangledEngine(this.inner);
  readonly checker = new Checker();
  readonly node: FakeNode;
  readonly #lives: Life[];
  readonly #byId = new Map<
    string,
    { readonly publication: Publication; readonly op: string; readonly epoch: string }
  >();
  #ops = 0;
  #news = 0;

  constructor() {
    const limits = { tailBytes: 2_000, lingerMs: 1_000_000, historyReads: 4 };
    this.node = new FakeNode({ channels, engine: this.engine, limits });
    for (const channel of names) this.checker.read({ kind: "channel", channel, mode: "stream", log: "live" });
    this.#lives = [0, 1, 2, 3].map((at) => {
      const channel = names[at % 2] ?? "";
      return { name: `life ${at}`, channel, at: null, reader: null, heard: 0 };
    });
    const append = this.inner.append.bind(this.inner);
    this.inner.append = (channel, body, isEphemeral) => {
      const publication = append(channel, body, isEphemeral);
      const { epoch } = this.inner.top(channel);
      const op = Buffer.from(body.data).toString();
      const position = { epoch, offset: publication.offset };
      this.#byId.set(publication.id, { publication, op, epoch });
      this.checker.read({ kind: "append", channel, position, op, previous: publication.previous?.offset ?? 0 });
      return publication;
    };
  }

  async begin(): Promise<void> {
    await this.node.hub.start();
    for (const { name, channel } of this.#lives) {
      this.checker.read({ kind: "subscribe", life: name, user: name, channel });
    }
    for (const life of this.#lives) await this.#join(life);
  }

  async do(todo: Step): Promise<void> {
    if ("say" in todo) this.#say(todo.say, names[todo.channel] ?? "s");
    else if ("sayUnheard" in todo) {
      this.inner.isDirected = true;
      this.#say(todo.sayUnheard, names[todo.channel] ?? "s");
      this.inner.isDirected = false;
    } else if ("publish" in todo) this.#publish(names[todo.publish] ?? "s");
    else if ("pull" in todo) for (const life of this.#lives) this.#pull(life, todo.pull);
    else if ("comeBack" in todo) await this.#join(this.#lives[todo.comeBack]);
    else if ("bad" in todo) this.engine.answers[todo.bad.method] = todo.bad.mangle;
    else if ("news" in todo) this.engine.announcement = (one) => todo.news(one, (this.#news += 1));
    else if ("honest" in todo) this.honest();
    else if ("passMs" in todo) await this.node.pass(todo.passMs);
    else this.#keep(names[todo.channel] ?? "s", todo.keep);
    await this.node.settle();
  }

  honest(): void {
    for (const method of ["publish", "read", "tops", "follow"] as const) delete this.engine.answers[method];
    this.engine.announcement = null;
  }

  /** The engine is honest from now on, and everybody gets what there is. */
  async heal(): Promise<void> {
    this.honest();
    await this.node.pass(11_000, 500);
    for (const life of this.#lives) if (life.reader === null) await this.#join(life);
    this.engine.sink.suspect("all");
    for (const channel of names) this.#say(1, channel);
    for (let round = 0; round < 40; round += 1) {
      for (const life of this.#lives) this.#pull(life, 65_536);
      await (round % 10 === 9 ? this.node.pass(1_100, 1_100) : this.node.settle());
    }
    this.checker.read({ kind: "settled" });
    await this.node.hub.stop();
  }

  #say(count: number, channel: string): void {
    for (let left = count; left > 0; left -= 1) {
      const op = `op-${(this.#ops += 1)}`;
      this.checker.read({ kind: "invoke", op, by: "backend", channel });
      this.inner.append(channel, { data: Buffer.from(op), form: "text" });
    }
  }

  #publish(channel: string): void {
    const op = `op-${(this.#ops += 1)}`;
    this.checker.read({ kind: "invoke", op, by: op, channel });
    this.node.hub.publish(channel, { data: Buffer.from(op), form: "text" }).then(
      ({ position, duplicate }) => this.checker.read({ kind: "ack", op, position, duplicate }),
      (thrown: { readonly reason: string }) => {
        if (thrown.reason === "indeterminate") this.checker.read({ kind: "indeterminate", op });
        else this.checker.read({ kind: "reject", op, reason: thrown.reason });
      },
    );
  }

  #keep(channel: string, size: number): void {
    this.inner.trim(channel, size);
    const top = this.inner.top(channel);
    const [oldest] = this.inner.kept(channel);
    const offset = oldest === undefined ? top.offset : (oldest.previous?.offset ?? 0);
    this.checker.read({ kind: "floor", channel, position: { epoch: top.epoch, offset } });
  }

  async #join(life: Life | undefined): Promise<void> {
    if (life === undefined) return;
    this.#leave(life);
    const reader = new TestReader();
    const { at, channel, name } = life;
    const options = { subscriber: reader, encoder: plainEncoder, seen: at, member: null, wantsMembers: false };
    const joining = this.node.hub.subscribe(channel, options).then(
      (subscription) => {
        const { recovered, position, cursor } = subscription;
        // Another one took its place while the engine thought about it.
        if (life.reader !== null || life.at !== at) return subscription.close();
        reader.begin(cursor, position);
        Object.assign(life, { reader, heard: 0 });
        if (!recovered) life.at = { position, id: null };
        this.checker.read({ kind: "reply", life: name, recovered, position });
        subscription.release();
      },
      () => undefined,
    );
    await Promise.race([joining, this.node.settle()]);
  }

  #leave(life: Life): void {
    if (life.reader === null) return;
    this.#hear(life, life.reader);
    life.reader.cursor.close();
    life.reader = null;
  }

  #pull(life: Life, bytes: number): void {
    if (life.reader === null) return;
    life.reader.pull(bytes);
    this.#hear(life, life.reader);
  }

  #hear(life: Life, { said }: TestReader): void {
    for (const one of said.slice(life.heard)) {
      if (one.kind === "gap") {
        life.at = { position: one.to, id: null };
        this.checker.read({ kind: "gap", life: life.name, to: one.to });
        // It goes on from there without being asked, and has not been recovered.
        this.checker.read({ kind: "reply", life: life.name, recovered: false, position: one.to });
        continue;
      }
      const known = this.#byId.get(one.id);
      if (known === undefined) throw new Error(`${one.id} was never appended`);
      const position = { epoch: known.epoch, offset: known.publication.offset };
      life.at = { position, id: one.id };
      this.checker.read({ kind: "deliver", life: life.name, position, op: known.op });
    }
    life.heard = said.length;
  }
}

it("nothing is lost, doubled, reordered, skipped or recovered wrongly, and nobody is stuck, whatever it answers", async () => {
  const reached = { mangled: 0, bad: 0, recovered: 0, unrecovered: 0, breaks: 0, deliveries: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: "max" }), async (steps) => {
      const trial = new Trial();
      await trial.begin();
      for (const todo of steps) await trial.do(todo);
      await trial.heal();
      const { checker, node, engine } = trial;
      // A place that could not be proven is given up, though it was there.
      expect(checker.violations.filter(({ verdict }) => verdict !== "needless_unrecovered")).toEqual([]);
      reached.mangled += engine.mangled;
      reached.bad += node.metrics.get("engine_bad_answers");
      reached.breaks += node.metrics.get("channel_breaks");
      reached.recovered += checker.recoveries.recovered;
      reached.unrecovered += checker.recoveries.unrecovered;
      reached.deliveries += checker.deliveries;
    }),
    { numRuns: Number(process.env["RUNS"] ?? 1_000) },
  );
  for (const [what, times] of Object.entries(reached)) expect(times, what).toBeGreaterThan(300);
}, 120_000);
