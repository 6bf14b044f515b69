// What nodes on one Redis ask each other, by publish and subscribe (decision 0039).
//
// Nothing is kept. Redis says how many heard a question, so nobody waits for a node that was killed; who holds a lease says
// which nodes there are, so nobody waits for long for one whose connection only seems to be there.
import { fail, TidewireError } from "@tidewire/protocol";
import type { EngineCluster } from "../../engine/engine.ts";
import type { Cancel, Clock } from "../../ports/clock.ts";
import { reasonOf } from "../../ports/log.ts";
import type { Keys } from "./keys.ts";
import type { Link } from "./link.ts";
import { encodeSaid, isNodeName, maxSaidBytes, type Said, saidIn } from "./question-lines.ts";

/** How this node is called and how it answers; `null` before `listen`, for a node that is asked nothing. */
export interface Answering {
  readonly node: string;
  readonly answer: Parameters<EngineCluster["listen"]>[1];
}

export interface QuestionsOptions {
  readonly keys: Keys;
  readonly clock: Clock;
  readonly answering: Answering | null;
  readonly asking: (operation: string) => string[];
  /** As `Running` does: with its errors. */
  readonly ask: <Reply>(ask: (link: Link) => Promise<Reply>) => Promise<Reply>;
  /** Something was said that is refused. */
  readonly complain: (message: string, fields: Readonly<Record<string, string>>) => void;
}

/** Who can be expected to answer, once Redis has said it. */
interface Expected {
  readonly count: number;
  /** Those with a lease; `null` where leases say nothing. */
  readonly nodes: readonly string[] | null;
}

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
/** A lease is six times as long. */
const leaseTurns = 5;
/** After a lease was lost, so many renewals: then the others have renewed theirs too. */
const doubtfulRenewals = 2;
const nothing = new Uint8Array(0);

export class Questions {
  readonly #options: QuestionsOptions;
  readonly #asked = new Map<number, Asked>();
  #count = 0;
  #answering = 0;
  #turn = 0;
  #isLeasing = false;
  /** The list of leases was lost, and may not name everybody yet. */
  #doubts = doubtfulRenewals;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** `null`: no such node, or it could not. @throws {TidewireError} */
  async ask(node: string, question: Uint8Array): Promise<Uint8Array | null> {
    // It came from a client, and becomes a part of a name.
    if (!isNodeName(node)) return null;
    const answers = await this.#put(question, node);
    return answers.get(node) ?? null;
  }

  /** @throws {TidewireError} */
  async askAll(question: Uint8Array): Promise<readonly Uint8Array[]> {
    const answers = await this.#put(question, null);
    return [...answers.values()].filter((answer) => answer !== null);
  }

  /** A link is there: resolves when questions are heard. The lease comes first, so that whoever is heard has one. */
  async begin(link: Link): Promise<void> {
    const { answering, keys } = this.#options;
    if (answering === null) return;
    await this.#renew(link);
    // Answered on the link it was heard by: the engine may not have taken it up yet.
    const hear = (message: Buffer): void => this.#hear(link, message);
    try {
      await Promise.all([link.subscribe(keys.ofQuestions(), hear), link.subscribe(keys.ofNode(answering.node), hear)]);
    } catch (thrown) {
      throw new TidewireError("engine_unavailable", `Redis lets nobody hear questions: ${reasonOf(thrown)}`);
    }
  }

  /** Once a second. */
  turn(link: Link): void {
    this.#turn += 1;
    if (this.#turn % leaseTurns !== 0 || this.#isLeasing || this.#options.answering === null) return;
    this.#isLeasing = true;
    this.#doubts = Math.max(0, this.#doubts - 1);
    this.#renew(link).then(
      () => {
        this.#isLeasing = false;
      },
      () => undefined,
    );
  }

  /** Nothing that was asked will be answered. */
  lost(): void {
    for (const { n, fail: giveUp } of this.#asked.values()) {
      this.#asked.delete(n);
      giveUp(new TidewireError("engine_unavailable", "the connection to Redis ended"));
    }
  }

  /** This node ends: nobody need wait for it. */
  end(link: Link): void {
    const { keys, asking, answering } = this.#options;
    if (answering === null) return;
    link.run([...keys.ofLane(0), keys.ofAnswering()], [...asking("resign"), answering.node]).catch(() => {
      // Then its lease ends by itself.
    });
  }

  async #put(question: Uint8Array, of: string | null): Promise<ReadonlyMap<string, Uint8Array | null>> {
    const { answering, keys, ask } = this.#options;
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
      asked.expected = await ask(async (link) => {
        if (of !== null) return { count: await link.publish(keys.ofNode(of), bytes), nodes: null };
        const [heard, nodes] = await Promise.all([link.publish(keys.ofQuestions(), bytes), this.#renew(link)]);
        // This node hears itself.
        return { count: heard - 1, nodes };
      });
      this.#settleIfDone(asked);
      await answered;
      return asked.answers;
    } finally {
      this.#asked.delete(n);
    }
  }

  /** An answer may come before Redis has said who heard the question. */
  #open(n: number, of: string | null): { readonly asked: Asked; readonly answered: Promise<void> } {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const cancel: Cancel = this.#options.clock.after(limitMs, resolve);
    const asked: Asked = { n, of, answers: new Map(), expected: null, settle: resolve, fail: reject };
    this.#asked.set(n, asked);
    const answered = promise.finally(cancel);
    // Where publishing fails, nobody waits for it.
    answered.catch(() => undefined);
    return { asked, answered };
  }

  #hear(link: Link, message: Buffer): void {
    const { answering, complain } = this.#options;
    const said = saidIn(message);
    if (answering === null) return;
    if (said === null) return complain("Redis carried a question that no node has asked", { node: answering.node });
    if (said.node === answering.node) return;
    if (said.kind === "question") this.#answer(link, answering, said).catch(() => undefined);
    else this.#answered(said);
  }

  /** What comes late, twice, or from somebody who was not asked counts for nothing. */
  #answered({ n, node, kind, bytes }: Said): void {
    const asked = this.#asked.get(n);
    if (asked === undefined || asked.answers.has(node) || (asked.of !== null && asked.of !== node)) return;
    asked.answers.set(node, kind === "answer" ? bytes : null);
    this.#settleIfDone(asked);
  }

  #settleIfDone({ answers, expected, settle }: Asked): void {
    if (expected === null) return;
    const areAllHere = expected.nodes?.every((node) => answers.has(node)) === true;
    if (answers.size >= expected.count || areAllHere) settle();
  }

  async #answer(link: Link, { node, answer }: Answering, { node: asker, n, bytes }: Said): Promise<void> {
    const { complain, keys } = this.#options;
    let said: Said = { kind: "refusal", node, n, bytes: nothing };
    if (this.#answering >= mostAnswering) complain("too many questions of other nodes at once", { asker });
    else {
      this.#answering += 1;
      try {
        const given = await answer(bytes);
        if (given.byteLength <= maxSaidBytes) said = { kind: "answer", node, n, bytes: given };
        else complain("an answer to another node is too large", { asker, bytes: `${given.byteLength}` });
      } catch (thrown) {
        complain("a question of another node could not be answered", { asker, reason: reasonOf(thrown) });
      } finally {
        this.#answering -= 1;
      }
    }
    await link.publish(keys.ofNode(asker), encodeSaid(said)).catch(() => {
      // Whoever asked gives it up.
    });
  }

  /** Takes or renews the lease. @returns the others that have one; `null` where that cannot be said. */
  async #renew(link: Link): Promise<readonly string[] | null> {
    const { keys, asking, answering } = this.#options;
    const own = answering?.node ?? "";
    try {
      const reply = await link.run([...keys.ofLane(0), keys.ofAnswering()], [...asking("lease"), own]);
      const [wasLost, ...alive] = (Array.isArray(reply) ? (reply as readonly unknown[]) : []).map(String);
      if (wasLost !== "0") this.#doubts = doubtfulRenewals;
      return this.#doubts > 0 ? null : alive.filter((node) => node !== own && isNodeName(node));
    } catch {
      // A server that is full takes no lease, and carries questions all the same; a link that is over says so elsewhere.
      return null;
    }
  }
}
