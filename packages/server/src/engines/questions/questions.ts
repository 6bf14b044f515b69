// What nodes on one store ask each other, however the store carries it: what waits for answers, and what is answered here.
//
// Nothing is kept. Whoever carries a question says who can be expected to answer, so nobody waits for a node that is gone.
import { fail, TidewireError } from "@tidewire/protocol";
import type { EngineCluster } from "../../engine/engine.ts";
import type { Cancel, Clock } from "../../ports/clock.ts";
import { reasonOf } from "../../ports/log.ts";
import { encodeSaid, isNodeName, maxSaidBytes, type Said, saidIn } from "./said.ts";

/** How this node is called and how it answers. */
export interface Answering {
  readonly node: string;
  readonly answer: Parameters<EngineCluster["listen"]>[1];
}

/** One that may know the answer at once; of those any number may come at a time. */
interface AnsweringAtOnce {
  readonly node: string;
  readonly answer: (question: Uint8Array) => Uint8Array | Promise<Uint8Array>;
}

export interface QuestionsOptions {
  /** The store, as it stands in sentences. */
  readonly title: string;
  readonly clock: Clock;
  /** `null` before `listen`, for a node that is asked nothing. */
  readonly answering: AnsweringAtOnce | null;
  /** Something was said that is refused. */
  readonly complain: (message: string, fields: Readonly<Record<string, string>>) => void;
}

/** Who can be expected to answer. Either is enough: so many, or all of these. */
export interface Expected {
  readonly count: number;
  /** `null` where nobody knows them. */
  readonly nodes: readonly string[] | null;
}

/** Says it to one node, or where that is `null` to all others. @throws {TidewireError} */
export type Put = (bytes: Uint8Array, of: string | null) => Promise<Expected>;

interface Asked {
  readonly n: number;
  /** The one that is asked; `null`: all others. */
  readonly of: string | null;
  /** `null`: could not. */
  readonly answers: Map<string, Uint8Array | null>;
  expected: Expected | null;
  readonly settle: () => void;
  readonly fail: (error: TidewireError) => void;
}

/** Whoever has not answered by then could not. */
const limitMs = 5_000;
/** Questions of this node without an answer; above, they are refused as `overloaded`. */
const mostAsked = 10_000;
/** Questions of others that are being answered here; above, they are refused. */
const mostAnswering = 1_000;
const nothing = new Uint8Array(0);

export class Questions {
  readonly #options: QuestionsOptions;
  readonly #asked = new Map<number, Asked>();
  #count = 0;
  #answering = 0;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** `null`: no such node, or it could not. @throws {TidewireError} */
  async ask(node: string, question: Uint8Array, put: Put): Promise<Uint8Array | null> {
    // It came from a client, and becomes a part of a name.
    if (!isNodeName(node)) return null;
    const answers = await this.#put(question, node, put);
    return answers.get(node) ?? null;
  }

  /** @returns who answered what. @throws {TidewireError} */
  async askAll(question: Uint8Array, put: Put): Promise<ReadonlyMap<string, Uint8Array>> {
    const answers = await this.#put(question, null, put);
    return new Map([...answers].flatMap(([node, answer]) => (answer === null ? [] : [[node, answer] as const])));
  }

  /** Nothing that was asked will be answered. */
  lost(): void {
    for (const { n, fail: giveUp } of this.#asked.values()) {
      this.#asked.delete(n);
      giveUp(new TidewireError("engine_unavailable", `the connection to ${this.#options.title} ended`));
    }
  }

  /** Something was said to this node, or to all. @param reply Says the answer to whoever asked. */
  hear(message: Uint8Array, reply: (node: string, bytes: Uint8Array) => unknown): void {
    const { answering, complain, title } = this.#options;
    const said = saidIn(message);
    if (answering === null) return;
    if (said === null) return complain(`${title} carried a question that no node has asked`, { node: answering.node });
    if (said.node === answering.node) return;
    if (said.kind === "question") this.#answer(answering, said, reply).catch(() => undefined);
    else this.#answered(said.node, said.n, said.kind === "answer" ? said.bytes : null);
  }

  /** This node answers nothing any more, whatever it was asked. */
  gone(node: string): void {
    for (const asked of this.#asked.values()) {
      if (asked.of === node || asked.of === null) this.#answered(node, asked.n, null);
    }
  }

  async #put(question: Uint8Array, of: string | null, put: Put): Promise<ReadonlyMap<string, Uint8Array | null>> {
    const { answering } = this.#options;
    if (answering === null) throw new TypeError("`listen` was expected before a question");
    if (question.byteLength > maxSaidBytes) {
      fail("too_large", `a question of at most ${maxSaidBytes} bytes was expected, got ${question.byteLength}`);
    }
    if (this.#asked.size >= mostAsked) fail("overloaded", "too many questions wait for other nodes already");
    this.#count += 1;
    const n = this.#count;
    const bytes = encodeSaid({ kind: "question", node: answering.node, n, bytes: question });
    const { asked, answered } = this.#open(n, of);
    try {
      asked.expected = await put(bytes, of);
      this.#settleIfDone(asked);
      await answered;
      return asked.answers;
    } finally {
      this.#asked.delete(n);
    }
  }

  /** An answer may come before anybody has said who heard the question. */
  #open(n: number, of: string | null): { readonly asked: Asked; readonly answered: Promise<void> } {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const cancel: Cancel = this.#options.clock.after(limitMs, resolve);
    const asked: Asked = { n, of, answers: new Map(), expected: null, settle: resolve, fail: reject };
    this.#asked.set(n, asked);
    const answered = promise.finally(cancel);
    // Where putting it fails, nobody waits for it.
    answered.catch(() => undefined);
    return { asked, answered };
  }

  /** What comes late, twice, or from somebody who was not asked counts for nothing. */
  #answered(node: string, n: number, answer: Uint8Array | null): void {
    const asked = this.#asked.get(n);
    if (asked === undefined || asked.answers.has(node) || (asked.of !== null && asked.of !== node)) return;
    asked.answers.set(node, answer);
    this.#settleIfDone(asked);
  }

  #settleIfDone({ answers, expected, settle }: Asked): void {
    if (expected === null) return;
    const areAllHere = expected.nodes?.every((node) => answers.has(node)) === true;
    if (answers.size >= expected.count || areAllHere) settle();
  }

  async #answer(
    { node, answer }: AnsweringAtOnce,
    { node: asker, n, bytes }: Said,
    reply: (node: string, bytes: Uint8Array) => unknown,
  ): Promise<void> {
    const { complain } = this.#options;
    let said: Said = { kind: "refusal", node, n, bytes: nothing };
    if (this.#answering >= mostAnswering) complain("too many questions of other nodes at once", { asker });
    else {
      this.#answering += 1;
      try {
        const answering = answer(bytes);
        const given = answering instanceof Uint8Array ? answering : await answering;
        if (given.byteLength <= maxSaidBytes) said = { kind: "answer", node, n, bytes: given };
        else complain("an answer to another node is too large", { asker, bytes: `${given.byteLength}` });
      } catch (thrown) {
        complain("a question of another node could not be answered", { asker, reason: reasonOf(thrown) });
      } finally {
        this.#answering -= 1;
      }
    }
    // Where it does not arrive, whoever asked gives it up.
    await reply(asker, encodeSaid(said));
  }
}
