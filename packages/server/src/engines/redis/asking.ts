// How nodes on one Redis ask each other: by publish and subscribe (decision 0039).
//
// Redis says how many heard a question, so nobody waits for a node that was killed; who holds a lease says which nodes
// there are, so nobody waits for long for one whose connection only seems to be there.
import { TidewireError } from "@tidewire/protocol";
import { reasonOf } from "../../ports/log.ts";
import { type Expected, Questions, type QuestionsOptions } from "../questions/questions.ts";
import { isNodeName } from "../questions/said.ts";
import type { Keys } from "./keys.ts";
import type { Link } from "./link.ts";

export interface AskingOptions extends Omit<QuestionsOptions, "title"> {
  readonly keys: Keys;
  readonly asking: (operation: string) => string[];
  /** As `Running` does: with its errors. */
  readonly ask: <Reply>(ask: (link: Link) => Promise<Reply>) => Promise<Reply>;
}

/** A lease is six times as long. */
const leaseTurns = 5;
/** After a lease was lost, so many renewals: then the others have renewed theirs too. */
const doubtfulRenewals = 2;

export class Asking {
  readonly #options: AskingOptions;
  readonly #questions: Questions;
  #turn = 0;
  #isLeasing = false;
  /** The list of leases was lost, and may not name everybody yet. */
  #doubts = doubtfulRenewals;

  constructor(options: AskingOptions) {
    this.#options = options;
    this.#questions = new Questions({ ...options, title: "Redis" });
  }

  /** `null`: no such node, or it could not. @throws {TidewireError} */
  async ask(node: string, question: Uint8Array): Promise<Uint8Array | null> {
    return await this.#questions.ask(node, question, (bytes, of) => this.#put(bytes, of));
  }

  /** @throws {TidewireError} */
  async askAll(question: Uint8Array): Promise<readonly Uint8Array[]> {
    const answers = await this.#questions.askAll(question, (bytes, of) => this.#put(bytes, of));
    return [...answers.values()];
  }

  /** A link is there: resolves when questions are heard. The lease comes first, so that whoever is heard has one. */
  async begin(link: Link): Promise<void> {
    const { answering, keys } = this.#options;
    if (answering === null) return;
    await this.#renew(link);
    // Answered on the link it was heard by: the engine may not have taken it up yet.
    const reply = (node: string, bytes: Uint8Array): Promise<number> =>
      link.publish(keys.ofNode(node), Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    const hear = (message: Buffer): void => this.#questions.hear(message, reply);
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
    this.#questions.lost();
  }

  /** This node ends: nobody need wait for it. */
  end(link: Link): void {
    const { keys, asking, answering } = this.#options;
    if (answering === null) return;
    link.run([...keys.ofLane(0), keys.ofAnswering()], [...asking("resign"), answering.node]).catch(() => {
      // Then its lease ends by itself.
    });
  }

  #put(given: Uint8Array, of: string | null): Promise<Expected> {
    const { keys, ask } = this.#options;
    const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
    return ask(async (link) => {
      if (of !== null) return { count: await link.publish(keys.ofNode(of), bytes), nodes: null };
      const [heard, nodes] = await Promise.all([link.publish(keys.ofQuestions(), bytes), this.#renew(link)]);
      // This node hears itself.
      return { count: heard - 1, nodes };
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
