// Tables under everything that an engine and a reader may do: what readers hold in the end is what there is (F3, F4).
import { defineChannel, type Position } from "@tidewire/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Publication } from "../engine/engine.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeNode } from "../testing/fake-node.ts";
import { ScriptedEngine } from "../testing/scripted-engine.ts";
import { plainEncoder, type Said, TestReader } from "../testing/test-reader.ts";
import { Table } from "./table.ts";

const latest = defineChannel("t", { mode: "latest", key: String, history: { ttlMs: 1_000 } });

const key = fc.constantFrom("a", "b", "c", "d", "e", "f");
const at = fc.nat();
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("set" as const), key, bytes: fc.integer({ min: 1, max: 300 }) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("remove" as const), key }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("pull" as const), bytes: fc.integer({ min: 1, max: 900 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("announce" as const), at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("lose" as const), at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("double" as const), at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("answer" as const), at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("forget" as const), count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("rate" as const), rate: fc.constantFrom(0.5, 3, 60) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("recover" as const), at }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom("hold", "fail", "clear", "suspect", "pause", "resume", "time", "time", "shrink", "fresh"),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

type Held = ReadonlyMap<string, string>;

/** A subscriber, and what it held when it began. */
interface Client {
  readonly reader: TestReader;
  readonly before: Held;
}

/** Where a client was once, and what it held there. */
interface Past {
  readonly position: Position;
  readonly held: Held;
}

interface Written {
  readonly epoch: string;
  readonly publication: Publication;
}

class Trial {
  readonly engine = new ScriptedEngine();
  readonly clients: Client[] = [];
  readonly pasts: Past[] = [];
  /** Everything that was ever written, by id. */
  readonly written = new Map<string, Written>();
  readonly node: FakeNode;

  private constructor(node: FakeNode, engine: ScriptedEngine) {
    this.node = node;
    this.engine = engine;
  }

  static async begin(): Promise<Trial> {
    const engine = new ScriptedEngine();
    const node = await FakeNode.start({ channels: [latest], engine, limits: { lingerMs: 1_000_000 } });
    const trial = new Trial(node, engine);
    await trial.subscribe(null);
    engine.isDirected = true;
    return trial;
  }

  /** @param past Where the client comes back from. */
  async subscribe(past: Past | null): Promise<void> {
    const reader = new TestReader();
    const { position, held } = past ?? { position: null, held: new Map() };
    const subscribing = this.node.hub.subscribe("t", {
      subscriber: reader,
      encoder: plainEncoder,
      seen: position === null ? null : { position, id: null },
      member: null,
      wantsMembers: false,
    });
    const opening = subscribing.then((subscription) => {
      reader.begin(subscription.cursor, subscription.position);
      reader.recovered = subscription.recovered;
      if (subscription.recovered) expect(subscription.position).toEqual(position);
      else expect(subscription.position.offset).toBe(0);
      this.clients.push({ reader, before: subscription.recovered ? held : new Map() });
      subscription.release();
    });
    // Its reads may be held, or fail; then there is no such reader.
    opening.catch(() => undefined);
    await this.node.settle();
  }

  pastOf(client: Client): Past {
    return { position: client.reader.cursor.position, held: this.holds(client) };
  }

  /** From where a client is now, or from where the first one was some time ago. */
  async recover(index: number): Promise<void> {
    const client = this.clients[index % this.clients.length];
    const past = index % 2 === 0 ? this.pasts[index % Math.max(this.pasts.length, 1)] : undefined;
    await this.subscribe(past ?? (client === undefined ? null : this.pastOf(client)));
  }

  write(given: { readonly key: string; readonly bytes?: number }): void {
    const body = { data: Buffer.alloc(given.bytes ?? 4, 0x61), form: "text", key: given.key } as const;
    const publication = this.engine.append("t", given.bytes === undefined ? { ...body, removed: true } : body);
    this.written.set(publication.id, { epoch: this.engine.top("t").epoch, publication });
  }

  /** What a client holds, by key; the order of what it was told is judged on the way. */
  holds({ reader, before }: Client): Map<string, string> {
    let held = new Map(before);
    let position: Position = reader.start;
    for (const item of reader.said) {
      if (item.kind === "gap") {
        held = new Map();
        position = item.to;
        expect(position.offset).toBe(0);
        continue;
      }
      position = this.#tell(held, item, position);
    }
    return held;
  }

  #tell(held: Map<string, string>, item: Extract<Said, { kind: "publication" }>, position: Position): Position {
    const written = this.written.get(item.id);
    if (written === undefined) throw new Error(`${item.id} was never written`);
    const { epoch, publication } = written;
    expect(epoch).toBe(position.epoch);
    expect(publication.offset).toBeGreaterThan(position.offset);
    if (publication.removed === true) held.delete(publication.key ?? "");
    else held.set(publication.key ?? "", item.id);
    return { epoch, offset: publication.offset };
  }

  get truth(): Held {
    const values = this.engine.kept("t").filter(({ removed }) => removed !== true);
    return new Map(values.map(({ key: name, id }) => [name ?? "", id]));
  }

  async do(todo: Step): Promise<void> {
    const { engine, node } = this;
    const [first] = this.clients;
    if (todo.do === "set" || todo.do === "remove") this.write(todo);
    if (todo.do === "pull") {
      for (const { reader } of this.clients) reader.pull(todo.bytes);
      if (first !== undefined) this.pasts.push(this.pastOf(first));
    }
    if (todo.do === "lose") one(engine.pending, todo.at);
    if (todo.do === "double") engine.pending.push(...engine.pending.slice(todo.at % 3, (todo.at % 3) + 1));
    if (todo.do === "answer") one(engine.heldReads, todo.at)?.answer();
    if (todo.do === "hold") engine.holdsReads = !engine.holdsReads;
    if (todo.do === "fail") engine.failures += 1;
    if (todo.do === "forget") engine.forgetRemovals("t", todo.count);
    if (todo.do === "clear") engine.clear("t");
    if (todo.do === "suspect") engine.sink.suspect(["t"]);
    if (todo.do === "pause") first?.reader.cursor.pause();
    if (todo.do === "resume") first?.reader.cursor.resume();
    if (todo.do === "time") node.clock.advance(1_100);
    if (todo.do === "shrink") node.hub.channel("t")?.tail.shrink(500);
    if (todo.do === "rate") this.clients.at(-1)?.reader.cursor.rate(todo.rate);
    if (todo.do === "announce") {
      const next = one(engine.pending, todo.at);
      if (next !== undefined) engine.announce(next);
    }
    if (todo.do === "fresh") await this.subscribe(null);
    if (todo.do === "recover") await this.recover(todo.at);
    await node.settle();
  }

  /** The faults end; what was lost is found out. */
  async heal(): Promise<void> {
    const { engine, node, clients } = this;
    engine.holdsReads = false;
    engine.failures = 0;
    for (const { reader } of clients) reader.cursor.resume();
    for (const announcement of engine.pending.splice(0)) engine.announce(announcement);
    for (let round = 0; round < 14; round += 1) {
      for (const held of engine.heldReads.splice(0)) held.answer();
      await node.settle();
      node.clock.advance(1_100);
      await node.settle();
      if (round === 3) engine.sink.suspect("all");
      for (const { reader } of clients) reader.pull(1_000_000);
      await node.settle();
    }
  }
}

const one = <T>(list: T[], index: number): T | undefined => list.splice(index % Math.max(list.length, 1), 1)[0];

describe("a latest channel", () => {
  const reach = new Map<string, number>();
  const reached = (name: string, count = 1): void => void reach.set(name, (reach.get(name) ?? 0) + count);

  it("leaves every reader with what there is, whatever an engine and readers do", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 70, size: "max" }), async (steps) => {
        const trial = await Trial.begin();
        for (const todo of steps) await trial.do(todo);
        await trial.heal();
        const top = trial.engine.top("t");
        for (const client of trial.clients) {
          expect(trial.holds(client)).toEqual(trial.truth);
          const { state, position } = client.reader.cursor;
          expect({ state, position }).toEqual({ state: "live", position: top });
          for (const item of client.reader.said) if (item.kind === "gap") reached("gaps");
        }
        const said = trial.clients.flatMap(({ reader }) => reader.said).filter(({ kind }) => kind === "publication");
        expect(trial.node.metrics.delivered).toBe(said.length);
        for (const [name, count] of Object.entries(trial.node.metrics.snapshot())) reached(name, count);
        await trial.node.hub.stop();
      }),
      { numRuns: Number(process.env["RUNS"] ?? 1_000) },
    );
  });

  it("reads again when a late announcement overtook the page that no longer has its removal", async () => {
    const trial = await Trial.begin();
    trial.write({ key: "a", bytes: 1 });
    trial.engine.holdsReads = true;
    trial.write({ key: "a" });
    trial.write({ key: "a" });
    trial.engine.forgetRemovals("t", 1);
    await trial.do({ do: "lose", at: 1 });
    await trial.do({ do: "announce", at: 1 });
    await trial.do({ do: "announce", at: 0 });
    await trial.heal();
    for (const client of trial.clients) expect(trial.holds(client)).toEqual(new Map());
  });

  it("was tried where it matters", () => {
    for (const name of ["channel_fills", "channel_tables", "gaps", "recovered", "not_recovered"]) {
      expect(reach.get(name), name).toBeGreaterThan(100);
    }
  });
});

describe("Table", () => {
  const retention = { kind: "table", keys: 10_000, bytes: 1_000_000, ttlMs: 60_000 } as const;
  let count = 0;
  const encoder = {
    ...plainEncoder,
    publication: (publication: Publication) => {
      count += 1;
      return Buffer.from(`${publication.offset};`);
    },
  };
  const make = (): Table => {
    const table = new Table({ name: "t", json: '"t"', number: 1 }, retention, new FakeClock());
    table.break({ epoch: "e", offset: 0 });
    return table;
  };
  const put = (table: Table, offset: number, name: string): void =>
    table.append({ id: `${offset}`, offset, previous: null, key: name, data: Buffer.from("x"), form: "text", atMs: 0 });
  const saidBy = (table: Table, after: number, maxBytes = 65_536): string => {
    const run = table.run(table.join(encoder), table.start.seq + after, { pageBytes: maxBytes });
    return run.kind === "frames" ? Buffer.concat(run.frames).toString() : run.kind;
  };

  it("costs as much as it has keys, however often they change", () => {
    const table = make();
    const view = table.join(encoder);
    for (let n = 1; n <= 100_000; n += 1) {
      put(table, n, `k${n % 50}`);
      if (n % 1_000 === 0) table.run(view, table.start.seq, { pageBytes: 65_536 });
    }
    expect([table.keys, table.bytes < 50 * 400]).toEqual([50, true]);
    expect(saidBy(table, 0)).toBe(Array.from({ length: 50 }, (_, n) => `${99_951 + n};`).join(""));
  });

  it("encodes a publication once for a view, and gives readers at one place the same run", () => {
    const table = make();
    const view = table.join(encoder);
    for (let n = 1; n <= 100; n += 1) put(table, n, `k${n}`);
    count = 0;
    for (let after = 0; after < 100; after += 1) table.run(view, table.start.seq + after, { pageBytes: 65_536 });
    expect(count).toBe(100);
    const bounds = { pageBytes: 65_536 };
    expect(table.run(view, table.start.seq, bounds)).toBe(table.run(view, table.start.seq, bounds));
  });

  it("ends a page anywhere, and goes on from there", () => {
    const table = make();
    for (const [index, name] of ["a", "b", "c", "a", "d"].entries()) put(table, index + 1, name);
    expect(saidBy(table, 0, 4)).toBe("2;3;");
    expect(saidBy(table, 3, 4)).toBe("4;5;");
    expect(saidBy(table, 0, 1)).toBe("2;");
    expect(saidBy(table, 5)).toBe("");
  });

  it("gives a reader of what it replaced a break, once", () => {
    const table = make();
    put(table, 1, "a");
    const view = table.join(encoder);
    const before = table.head;
    table.replace({ publications: [], top: { epoch: "f", offset: 7 }, floor: 7, more: false });
    expect(table.run(view, before, { pageBytes: 9 })).toEqual({
      kind: "break",
      to: table.start.seq,
      at: { epoch: "f", offset: 0 },
    });
    expect(table.start.seq).toBeGreaterThan(before);
    expect(table.seqOf({ epoch: "e", offset: 1 })).toBeNull();
    expect(table.seqOf({ epoch: "f", offset: 6 })).toBeNull();
    expect(table.seqOf({ epoch: "f", offset: 7 })).toBe(table.head);
  });
});
