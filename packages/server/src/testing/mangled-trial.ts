// A node over an engine that says what no engine may say, and what a test says to it.
import { defineChannel, TidewireError } from "@tidewire/protocol";
import type { Body, Publication } from "../engine/engine.ts";
import type { Seen } from "../hub/recovery.ts";
import type { Log, LogFields } from "../ports/log.ts";
import { FakeNode } from "./fake-node.ts";
import { type Mangle, MangledEngine } from "./mangled-engine.ts";
import { ScriptedEngine } from "./scripted-engine.ts";
import { plainEncoder, TestReader } from "./test-reader.ts";

const history = { size: 100_000, ttlMs: 600_000 };
const stream = defineChannel("s", { history });
const other = defineChannel("o", { history });
const table = defineChannel("t", { mode: "latest", key: String, history: { ttlMs: 60_000 } });

export const body: Body = { data: Buffer.from("x"), form: "text" };

export class Trial {
  readonly inner: ScriptedEngine = new ScriptedEngine();
  readonly engine: MangledEngine = new MangledEngine(this.inner);
  readonly errors: LogFields[] = [];
  readonly node: FakeNode;

  constructor() {
    const none = (): void => undefined;
    const log: Log = { debug: none, info: none, warn: none, error: (_, fields = {}) => void this.errors.push(fields) };
    const limits = { tailBytes: 2_500, lingerMs: 1_000, historyReads: 4 };
    this.node = new FakeNode({ channels: [stream, other, table], engine: this.engine, limits, log });
  }

  static async begin(): Promise<Trial> {
    const trial = new Trial();
    await trial.node.hub.start();
    return trial;
  }

  get bad(): number {
    return this.node.metrics.get("engine_bad_answers");
  }

  async join(channel = "s", seen: Seen | null = null): Promise<TestReader> {
    const reader = new TestReader();
    const options = { subscriber: reader, encoder: plainEncoder, seen, member: null, wantsMembers: false };
    const subscription = await this.node.hub.subscribe(channel, options);
    reader.begin(subscription.cursor, subscription.position);
    reader.recovered = subscription.recovered;
    subscription.release();
    return reader;
  }

  say(count = 1, channel = "s"): Publication[] {
    return Array.from({ length: count }, () => this.inner.append(channel, body));
  }

  /** Says one that nobody hears of, so that history has to be read for what follows it. */
  sayUnheard(channel = "s"): Publication {
    this.inner.isDirected = true;
    const publication = this.inner.append(channel, body);
    this.inner.isDirected = false;
    this.inner.pending.length = 0;
    return publication;
  }

  async told(reader: TestReader): Promise<string[]> {
    for (let quiet = 0; quiet < 3;) {
      await this.node.settle();
      quiet = reader.outbox.length === 0 ? quiet + 1 : 0;
      reader.pull(65_536);
    }
    return reader.said.map((one) => (one.kind === "gap" ? `gap to ${one.to.offset}` : one.id));
  }
}

export const idsOf = (publications: readonly Publication[]): string[] => publications.map(({ id }) => id);

const hostile = {
  toString: (): string => {
    throw new Error("toString");
  },
  get message(): string {
    throw new Error("message");
  },
};

/** Answers that are none, of whatever was asked. */
export const noAnswers: Record<string, Mangle> = {
  undefined: () => undefined,
  null: () => null,
  "a string": () => "page",
  "an object without anything": () => ({}),
  "an object that cannot be written": () => hostile,
};

export const errors: Record<string, unknown> = {
  undefined,
  "a string": "no",
  "an error that is not ours": new Error("disk"),
  "an error that knows nothing either": new TidewireError("internal"),
  "an object that cannot be written": hostile,
  "an object without a kind": new Proxy(hostile, {
    getPrototypeOf: () => {
      throw new Error("kind");
    },
  }),
};
